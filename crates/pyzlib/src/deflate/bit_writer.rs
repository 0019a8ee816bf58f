//! Codes packed into bytes. Upstream: `send_bits`, `compress_block` and `bi_windup` of `trees.c`.

use super::matches::Match;
use crate::codes::{
    BASE_LENGTH, Code, Codes, END_BLOCK, EXTRA_DISTANCE_BITS, EXTRA_LENGTH_BITS, LENGTH_CODE,
    LITERALS, base_distance, distance_code,
};

/// More than the longest block. A power of two, because `% CAPACITY` is cheaper than a bounds check.
const CAPACITY: usize = 1 << 15;
const WORD: usize = 8;

/// The buffer for a block. Each write stores a whole word, also at the end.
pub(super) type Buffer = [u8; CAPACITY + WORD];

/// Writes bits to a buffer, each byte from its lowest bit up.
pub(super) struct BitWriter<'buffer> {
    buffer: &'buffer mut Buffer,
    written: usize,
    /// Bits that are not in the buffer yet: fewer than 8 after [`BitWriter::flush`].
    pending: u64,
    count: u32,
}

impl<'buffer> BitWriter<'buffer> {
    pub(super) fn new(buffer: &'buffer mut Buffer) -> Self {
        Self { buffer, written: 0, pending: 0, count: 0 }
    }

    /// Adds bits. At most 56 bits fit between two calls of [`BitWriter::flush`]: a match, the most
    /// that callers add, has at most 15 + 5 + 15 + 13.
    pub(super) fn add(&mut self, bits: u64, count: u8) {
        self.pending |= bits << self.count;
        self.count += u32::from(count);
    }

    /// Moves whole bytes to the buffer.
    pub(super) fn flush(&mut self) {
        let at = self.written % CAPACITY;
        self.buffer[at..at + WORD].copy_from_slice(&self.pending.to_le_bytes());
        self.written += self.count as usize / 8;
        self.pending >>= self.count & !7;
        self.count %= 8;
    }

    /// Adds bits and flushes.
    pub(super) fn push(&mut self, bits: u64, count: u8) {
        self.add(bits, count);
        self.flush();
    }

    fn add_code(&mut self, code: Code) {
        self.add(u64::from(code.bits), code.length);
    }

    /// `compress_block`: writes literals and matches, and the end of the block.
    pub(super) fn push_symbols(
        &mut self,
        data: &[u8],
        matches: &[Match],
        l_codes: &Codes,
        d_codes: &Codes,
    ) {
        let mut position = 0;
        for one in matches {
            self.push_literals(&data[position..usize::from(one.position)], l_codes);
            let length = usize::from(LENGTH_CODE[usize::from(one.length_minus_3)]);
            self.add_code(l_codes[LITERALS + 1 + length]);
            let extra = one.length_minus_3 - BASE_LENGTH[length];
            self.add(u64::from(extra), EXTRA_LENGTH_BITS[length]);
            let distance = distance_code(one.distance_minus_1);
            self.add_code(d_codes[distance]);
            let extra = one.distance_minus_1 - base_distance(distance);
            self.add(u64::from(extra), EXTRA_DISTANCE_BITS[distance]);
            self.flush();
            position = one.end();
        }
        self.push_literals(&data[position..], l_codes);
        self.add_code(l_codes[END_BLOCK]);
        self.flush();
    }

    /// Writes literals, three per flush. Inlined to keep the writer's state in registers.
    #[inline(always)]
    fn push_literals(&mut self, literals: &[u8], l_codes: &Codes) {
        let (chunks, rest) = literals.as_chunks::<3>();
        for chunk in chunks {
            for &byte in chunk {
                self.add_code(l_codes[usize::from(byte)]);
            }
            self.flush();
        }
        for &byte in rest {
            self.add_code(l_codes[usize::from(byte)]);
        }
        self.flush();
    }

    /// `bi_windup`: completes the last byte and returns all bytes.
    pub(super) fn finish(mut self) -> &'buffer [u8] {
        self.count = self.count.next_multiple_of(8);
        self.flush();
        &self.buffer[..self.written]
    }
}
