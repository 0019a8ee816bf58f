//! The blocks of a stream. Upstream: `inflate` of `inflate.c` and `inflate_fast` of `inffast.c`;
//! RFC 1951, section 3.2.3.

use super::bit_reader::BitReader;
use super::entry::{BL_ENTRIES, D_ENTRIES, L_ENTRIES};
use super::tables::{CodeLengths, Table};
use crate::codes::{
    BL_CODES, BL_ORDER, D_CODES, END_BLOCK, FIXED_DISTANCE_LENGTH, FIXED_LENGTHS, L_CODES, REP_3_6,
};

/// Tables for codes of up to 11, 10 and 7 bits. The codes of such short data are hardly ever
/// longer.
type LengthTable = Table<2048>;
type DistanceTable = Table<1024>;
type CodeLengthTable = Table<128>;

/// Reads fixed and dynamic blocks.
pub(super) struct BlockReader {
    fixed_lengths: LengthTable,
    fixed_distances: DistanceTable,
    lengths: LengthTable,
    distances: DistanceTable,
    bl_table: CodeLengthTable,
    code_lengths: CodeLengths,
}

impl BlockReader {
    pub(super) fn new() -> Box<Self> {
        let mut reader = Box::new(Self {
            fixed_lengths: Table::EMPTY,
            fixed_distances: Table::EMPTY,
            lengths: Table::EMPTY,
            distances: Table::EMPTY,
            bl_table: Table::EMPTY,
            code_lengths: CodeLengths::new(),
        });
        let Self { fixed_lengths, fixed_distances, code_lengths, .. } = &mut *reader;
        code_lengths.set(&FIXED_LENGTHS);
        let lengths = fixed_lengths.build(code_lengths, &L_ENTRIES);
        code_lengths.set(&[FIXED_DISTANCE_LENGTH; 32]);
        let distances = fixed_distances.build(code_lengths, &D_ENTRIES);
        debug_assert_eq!((lengths, distances), (Some(()), Some(())));
        reader
    }

    /// Decompresses blocks, up to the last one, into `out` and returns the length. `None` declines
    /// them, or `out` is too short.
    pub(super) fn read(&mut self, bits: &mut BitReader<'_>, out: &mut [u8]) -> Option<usize> {
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
            written = read_symbols(bits, lengths, distances, out, written)?;
            if is_last {
                return Some(written);
            }
        }
    }

    /// Reads the codes of a dynamic block.
    fn read_tables(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let l_codes = 257 + bits.take(5);
        let d_codes = 1 + bits.take(5);
        let bl_codes = 4 + bits.take(4);
        if l_codes > L_CODES || d_codes > D_CODES {
            return None;
        }
        self.read_bl_table(bits, bl_codes)?;
        self.read_code_lengths(bits, l_codes)?;
        if !self.code_lengths.has(END_BLOCK) {
            return None;
        }
        self.lengths.build(&mut self.code_lengths, &L_ENTRIES)?;
        self.read_code_lengths(bits, d_codes)?;
        self.distances.build(&mut self.code_lengths, &D_ENTRIES)
    }

    /// Reads the codes for code lengths.
    fn read_bl_table(&mut self, bits: &mut BitReader<'_>, count: usize) -> Option<()> {
        let mut lengths = [0; BL_CODES];
        for &symbol in BL_ORDER.iter().take(count) {
            bits.require(3);
            lengths[usize::from(symbol)] = bits.take(3) as u8;
        }
        self.code_lengths.set(&lengths);
        self.bl_table.build(&mut self.code_lengths, &BL_ENTRIES)
    }

    /// Reads the code lengths of `total` symbols. Declines runs that continue after the last one,
    /// which zlib reads but never writes.
    fn read_code_lengths(&mut self, bits: &mut BitReader<'_>, total: usize) -> Option<()> {
        const NO_LENGTH: usize = REP_3_6 as usize;
        let Self { code_lengths, bl_table, .. } = self;
        code_lengths.clear();
        let (mut symbol, mut previous) = (0, NO_LENGTH);
        while symbol < total {
            bits.require(14);
            let entry = bl_table.entry(bits.peek());
            bits.skip(entry.code_length());
            let (length, min_repeat) = entry.repeated_length();
            if entry.is_single_length() {
                previous = length;
                code_lengths.push(symbol, length);
                symbol += 1;
                continue;
            }
            let repeat = min_repeat + bits.take(entry.extra_bits());
            if length == 0 {
                previous = 0;
            } else {
                if previous == NO_LENGTH {
                    return None;
                }
                (symbol..symbol + repeat).for_each(|symbol| code_lengths.push(symbol, previous));
            }
            symbol += repeat;
        }
        (symbol == total).then_some(())
    }
}

/// `inflate_fast`: decompresses the symbols of a block into `out`, from `written` on. Returns where
/// they end.
///
/// One refill is enough for a literal and a match: at most 11 + 11 + 5 + 10 + 13 bits.
fn read_symbols(
    bits: &mut BitReader<'_>,
    lengths: &LengthTable,
    distances: &DistanceTable,
    out: &mut [u8],
    mut written: usize,
) -> Option<usize> {
    loop {
        bits.refill();
        let mut entry = lengths.entry(bits.peek());
        if entry.is_literal() {
            bits.skip(entry.code_length());
            *out.get_mut(written)? = entry.value() as u8;
            written += 1;
            entry = lengths.entry(bits.peek());
            if entry.is_literal() {
                bits.skip(entry.code_length());
                *out.get_mut(written)? = entry.value() as u8;
                written += 1;
                continue;
            }
        }
        bits.skip(entry.code_length());
        if !entry.is_length() {
            return entry.is_end_of_block().then_some(written);
        }
        let length = entry.value() + bits.take(entry.extra_bits());
        let entry = distances.entry(bits.peek());
        bits.skip(entry.code_length());
        let distance = entry.value() + bits.take(entry.extra_bits());
        copy_match(out, written, distance, length)?;
        written += length;
    }
}

/// Copies a match to `at`. `None` if it begins before the data, or `out` is too short.
#[inline(always)]
fn copy_match(out: &mut [u8], at: usize, distance: usize, length: usize) -> Option<()> {
    const WORD: usize = 8;
    let from = at.checked_sub(distance)?;
    let out = out.get_mut(from..)?;
    if distance >= WORD && distance + length + WORD <= out.len() {
        // Whole words: up to seven bytes too many, which later symbols overwrite.
        for n in (0..length).step_by(WORD) {
            out.copy_within(n..n + WORD, n + distance);
        }
    } else {
        // A match may overlap itself, so byte by byte.
        if distance == 0 || distance + length > out.len() {
            return None;
        }
        for n in 0..length {
            out[n + distance] = out[n];
        }
    }
    Some(())
}
