//! Bits on their way to bytes. Upstream: `send_bits`, `compress_block` and `bi_windup` of `trees.c`.

use super::matches::Match;
use crate::zlib::codes::{
    BASE_LENGTH, Code, Codes, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, LENGTH_CODE,
    LITERALS, base_distance, distance_code,
};

/// More bytes than a block has, and a power of two, which makes bounds checks cheap.
const MOST_BYTES: usize = 1 << 15;
const WORD: usize = 8;

/// Where a block is written.
pub(super) type Room = [u8; MOST_BYTES + WORD];

pub(super) fn room() -> Box<Room> {
    Box::new([0; MOST_BYTES + WORD])
}

/// Writes bits, the first the lowest of a byte.
pub(super) struct Bits<'room> {
    room: &'room mut Room,
    written: usize,
    /// Those not yet written, fewer than 8 after [`Bits::flush`].
    pending: u64,
    count: u32,
}

impl<'room> Bits<'room> {
    pub(super) fn new(room: &'room mut Room) -> Self {
        Self { room, written: 0, pending: 0, count: 0 }
    }

    /// At most 48 bits between two calls of [`Bits::flush`].
    pub(super) fn add(&mut self, bits: u64, count: u8) {
        self.pending |= bits << self.count;
        self.count += u32::from(count);
    }

    pub(super) fn flush(&mut self) {
        let at = self.written % MOST_BYTES;
        self.room[at..at + WORD].copy_from_slice(&self.pending.to_le_bytes());
        self.written += self.count as usize / 8;
        self.pending >>= self.count & !7;
        self.count %= 8;
    }

    pub(super) fn push(&mut self, bits: u64, count: u8) {
        self.add(bits, count);
        self.flush();
    }

    fn add_code(&mut self, code: Code) {
        self.add(u64::from(code.bits), code.length);
    }

    /// `compress_block`.
    pub(super) fn push_symbols(
        &mut self,
        data: &[u8],
        matches: &[Match],
        l_codes: &Codes,
        d_codes: &Codes,
    ) {
        let mut at = 0;
        for one in matches {
            self.push_literals(&data[at..usize::from(one.at)], l_codes);
            let length = usize::from(LENGTH_CODE[usize::from(one.length_less_3)]);
            self.add_code(l_codes[LITERALS + 1 + length]);
            let extra = one.length_less_3 - BASE_LENGTH[length];
            self.add(u64::from(extra), EXTRA_LENGTH_BITS[length]);
            let distance = distance_code(one.distance_less_1);
            self.add_code(d_codes[distance]);
            let extra = one.distance_less_1 - base_distance(distance);
            self.add(u64::from(extra), EXTRA_DISTANCE_BITS[distance]);
            self.flush();
            at = one.end();
        }
        self.push_literals(&data[at..], l_codes);
        self.add_code(l_codes[END_BLOCK]);
        self.flush();
    }

    /// Inlined, so that the state stays in registers.
    #[inline(always)]
    fn push_literals(&mut self, literals: &[u8], l_codes: &Codes) {
        let (threes, rest) = literals.as_chunks::<3>();
        for three in threes {
            for &byte in three {
                self.add_code(l_codes[usize::from(byte)]);
            }
            self.flush();
        }
        for &byte in rest {
            self.add_code(l_codes[usize::from(byte)]);
        }
        self.flush();
    }

    /// `bi_windup`: fills the last byte up.
    pub(super) fn finish(mut self) -> &'room [u8] {
        self.count = self.count.next_multiple_of(8);
        self.flush();
        &self.room[..self.written]
    }
}
