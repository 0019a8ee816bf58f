//! The blocks of a stream. Upstream: `inflate.c` and `inffast.c`; RFC 1951, section 3.2.3.

use super::bits::Bits;
use super::entry::{BL_ENTRIES, D_ENTRIES, L_ENTRIES, SAME_LENGTH};
use super::tables::{Coded, Table};
use crate::zlib::codes::{
    BL_CODES, BL_ORDER, D_CODES, END_BLOCK, FIXED_DISTANCE_LENGTH, FIXED_LENGTHS, L_CODES,
};

/// Codes of up to 11 bits, 10 bits and 7 bits: what occurs in data as small as this. Longer ones
/// would want tables in two steps.
type LengthTable = Table<2048>;
type DistanceTable = Table<1024>;
type CodeLengthTable = Table<128>;

/// Reads blocks with fixed and dynamic codes; keeps the tables from one to the next.
pub(super) struct BlockReader {
    fixed_lengths: LengthTable,
    fixed_distances: DistanceTable,
    lengths: LengthTable,
    distances: DistanceTable,
    code_lengths: CodeLengthTable,
    coded: Coded,
}

impl BlockReader {
    pub(super) fn new() -> Box<Self> {
        let mut reader = Box::new(Self {
            fixed_lengths: Table::EMPTY,
            fixed_distances: Table::EMPTY,
            lengths: Table::EMPTY,
            distances: Table::EMPTY,
            code_lengths: Table::EMPTY,
            coded: Coded::new(),
        });
        let lengths = Coded::with_lengths(&FIXED_LENGTHS);
        let distances = Coded::with_lengths(&[FIXED_DISTANCE_LENGTH; 32]);
        let built = [
            reader.fixed_lengths.build(&lengths, &L_ENTRIES),
            reader.fixed_distances.build(&distances, &D_ENTRIES),
        ];
        debug_assert_eq!(built, [Some(()); 2]);
        reader
    }

    /// Writes what the blocks stand for into `room`, and says how many bytes that is. `None` where
    /// they are unusual or damaged, or the room is too small.
    pub(super) fn read(&mut self, bits: &mut Bits<'_>, room: &mut [u8]) -> Option<usize> {
        let mut written = 0;
        loop {
            bits.refill();
            let is_last = bits.take(1) == 1;
            let (lengths, distances) = match bits.take(2) {
                1 => (&self.fixed_lengths, &self.fixed_distances),
                2 => {
                    self.read_tables(bits)?;
                    (&self.lengths, &self.distances)
                }
                _ => return None,
            };
            written = read_symbols(bits, lengths, distances, room, written)?;
            if is_last {
                return Some(written);
            }
        }
    }

    /// The codes that a dynamic block begins with.
    fn read_tables(&mut self, bits: &mut Bits<'_>) -> Option<()> {
        let l_codes = 257 + bits.take(5);
        let d_codes = 1 + bits.take(5);
        let bl_codes = 4 + bits.take(4);
        if l_codes > L_CODES || d_codes > D_CODES {
            return None;
        }
        self.read_code_lengths(bits, bl_codes)?;
        self.read_coded(bits, l_codes)?;
        if !self.coded.has(END_BLOCK) {
            return None;
        }
        self.lengths.build(&self.coded, &L_ENTRIES)?;
        self.read_coded(bits, d_codes)?;
        self.distances.build(&self.coded, &D_ENTRIES)
    }

    /// The codes that the lengths of the other codes are written in.
    fn read_code_lengths(&mut self, bits: &mut Bits<'_>, count: usize) -> Option<()> {
        let mut lengths = [0; BL_CODES];
        for &symbol in BL_ORDER.iter().take(count) {
            bits.require(3);
            lengths[usize::from(symbol)] = bits.take(3) as u8;
        }
        self.code_lengths.build(&Coded::with_lengths(&lengths), &BL_ENTRIES)
    }

    /// Reads the lengths of the codes of `total` symbols. That the same length goes on from the
    /// codes of lengths to those of distances is allowed, but not how zlib writes it.
    fn read_coded(&mut self, bits: &mut Bits<'_>, total: usize) -> Option<()> {
        let Self { coded, code_lengths, .. } = self;
        coded.clear();
        let (mut symbol, mut length) = (0, SAME_LENGTH);
        while symbol < total {
            bits.require(14);
            let entry = code_lengths.entry(bits.peek());
            bits.skip(entry.code_length());
            let (this_length, least) = entry.repeated_length();
            if entry.is_single_length() {
                length = this_length;
                coded.push(symbol, length);
                symbol += 1;
                continue;
            }
            let repeat = least + bits.take(entry.extra_bits());
            if this_length == 0 {
                length = 0;
            } else {
                if length == SAME_LENGTH {
                    return None;
                }
                (symbol..symbol + repeat).for_each(|symbol| coded.push(symbol, length));
            }
            symbol += repeat;
        }
        (symbol == total).then_some(())
    }
}

/// `inflate_fast`: the symbols of a block, up to its end. `at` is where they go in `room`; where
/// they end there.
fn read_symbols(
    bits: &mut Bits<'_>,
    lengths: &LengthTable,
    distances: &DistanceTable,
    room: &mut [u8],
    mut at: usize,
) -> Option<usize> {
    loop {
        bits.refill();
        let mut entry = lengths.entry(bits.peek());
        // One literal leaves enough of what is ready for any symbol behind it.
        if entry.is_literal() {
            bits.skip(entry.code_length());
            *room.get_mut(at)? = entry.value() as u8;
            at += 1;
            entry = lengths.entry(bits.peek());
            if entry.is_literal() {
                bits.skip(entry.code_length());
                *room.get_mut(at)? = entry.value() as u8;
                at += 1;
                continue;
            }
        }
        bits.skip(entry.code_length());
        if !entry.is_length() {
            return (entry.value() == 0).then_some(at);
        }
        let length = entry.value() + bits.take(entry.extra_bits());
        let entry = distances.entry(bits.peek());
        bits.skip(entry.code_length());
        let distance = entry.value() + bits.take(entry.extra_bits());
        copy_match(room, at, distance, length)?;
        at += length;
    }
}

/// Repeats what stands so far before `at`; `None` where nothing does, or the room is too small.
#[inline(always)]
fn copy_match(room: &mut [u8], at: usize, distance: usize, length: usize) -> Option<()> {
    const WORD: usize = 8;
    let from = at.checked_sub(distance)?;
    let room = room.get_mut(from..)?;
    if distance >= WORD && distance + length + WORD <= room.len() {
        // Up to seven bytes too many, which are written over.
        for n in (0..length).step_by(WORD) {
            room.copy_within(n..n + WORD, n + distance);
        }
    } else {
        if distance == 0 || distance + length > room.len() {
            return None;
        }
        for n in 0..length {
            room[n + distance] = room[n];
        }
    }
    Some(())
}
