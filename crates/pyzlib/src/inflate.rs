//! A fast path for decompressing short streams. Upstream: `inflate.c`, `inftrees.c` and `inffast.c`
//! of zlib 1.3.2.
//!
//! Unlike a compressed stream, decompressed data does not depend on the implementation. zlib-rs
//! decompresses any stream, and alone decides what is wrong with a stream. But setting it
//! up for a short stream takes longer than decompressing it. So this module decompresses streams
//! that are short, valid, and written as zlib's `deflate` writes them, and declines all others.
//!
//! It is shorter and faster than a complete `inflate` for these reasons:
//!
//! * Each code needs one lookup: tables have as many bits as the longest code, and longer codes are
//!   declined.
//! * Stored blocks, incomplete codes and runs that cross from one tree to the other are declined.
//! * Missing input reads as zeros. Only the end checks whether there was enough.

mod bit_reader;
mod table;

use zlib_rs::adler32::adler32;

use bit_reader::BitReader;
use table::{CodeLengths, D_ENTRIES, END, L_ENTRIES, LENGTHS, Table};

use crate::codes::{
    BL_CODES, BL_ORDER, D_CODES, FIXED_DISTANCE_LENGTH, FIXED_L_CODES, L_CODES, REP_3_6, REPZ_3_10,
    fixed_length,
};

/// The longest stream that is not declined. Longer ones make up for the time that zlib-rs takes to
/// set up, and more of them have codes that are too long.
const MAX_STREAM: usize = 8 << 10;
/// The most data that is not declined.
const MAX_DATA: usize = 32 << 10;

/// Tables for codes of up to 11 and 10 bits. The codes of such short data are hardly ever
/// longer.
type LengthTable = Table<2048>;
type DistanceTable = Table<1024>;

/// Decompresses short streams.
pub(crate) struct Inflater {
    fixed_lengths: LengthTable,
    fixed_distances: DistanceTable,
    lengths: LengthTable,
    distances: DistanceTable,
    bl_table: Table<128>,
    code_lengths: CodeLengths,
    buffer: [u8; MAX_DATA],
}

impl Inflater {
    pub(crate) fn new() -> Box<Self> {
        let mut inflater = Box::new(Self {
            fixed_lengths: Table::EMPTY,
            fixed_distances: Table::EMPTY,
            lengths: Table::EMPTY,
            distances: Table::EMPTY,
            bl_table: Table::EMPTY,
            code_lengths: CodeLengths::new(),
            buffer: [0; MAX_DATA],
        });
        let Self { fixed_lengths, fixed_distances, code_lengths, .. } = &mut *inflater;
        code_lengths.set(&std::array::from_fn::<_, FIXED_L_CODES, _>(fixed_length));
        let lengths = fixed_lengths.build(code_lengths, &L_ENTRIES);
        code_lengths.set(&[FIXED_DISTANCE_LENGTH; 32]);
        let distances = fixed_distances.build(code_lengths, &D_ENTRIES);
        debug_assert_eq!((lengths, distances), (Some(()), Some(())));
        inflater
    }

    /// Returns the data of a valid stream, or `None` if it declines the stream or the data has more
    /// than `limit` bytes.
    pub(crate) fn decompress(&mut self, stream: &[u8], limit: usize) -> Option<Vec<u8>> {
        if stream.len() > MAX_STREAM {
            return None;
        }
        let (&[method, flags], blocks) = stream.split_first_chunk()?;
        // Deflate with a window of 32 KiB, and no preset dictionary.
        if method != 0x78 || flags & 0x20 != 0 || u16::from_be_bytes([method, flags]) % 31 != 0 {
            return None;
        }
        let mut bits = BitReader::new(blocks);
        let length = self.read_blocks(&mut bits, limit.min(MAX_DATA))?;
        let data = &self.buffer[..length];
        let checksum = bits.rest()?.first_chunk()?;
        (*checksum == adler32(1, data).to_be_bytes()).then(|| data.to_vec())
    }

    /// `inflate`: decompresses blocks, up to the last one, into the first `limit` bytes of the
    /// buffer and returns the length. RFC 1951, section 3.2.3.
    ///
    /// Not inlined, because alone it keeps more of its state in registers.
    #[inline(never)]
    fn read_blocks(&mut self, bits: &mut BitReader<'_>, limit: usize) -> Option<usize> {
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
            let out = &mut self.buffer[..limit];
            written = read_symbols(bits, lengths, distances, out, written)?;
            if is_last {
                return Some(written);
            }
        }
    }

    /// Reads the codes of a dynamic block. If the end of the block has none, it never ends, so
    /// [`read_symbols`] declines it.
    fn read_tables(&mut self, bits: &mut BitReader<'_>) -> Option<()> {
        let l_codes = 257 + bits.take(5);
        let d_codes = 1 + bits.take(5);
        let bl_codes = 4 + bits.take(4);
        if l_codes > L_CODES || d_codes > D_CODES {
            return None;
        }
        let mut lengths = [0; BL_CODES];
        for &symbol in BL_ORDER.iter().take(bl_codes) {
            bits.require(3);
            lengths[usize::from(symbol)] = bits.take(3) as u8;
        }
        self.code_lengths.set(&lengths);
        self.bl_table.build(&mut self.code_lengths, &L_ENTRIES)?;
        self.read_code_lengths(bits, l_codes)?;
        self.lengths.build(&mut self.code_lengths, &L_ENTRIES)?;
        self.read_code_lengths(bits, d_codes)?;
        self.distances.build(&mut self.code_lengths, &D_ENTRIES)
    }

    /// Reads the code lengths of `total` symbols. Declines runs that continue after the last one,
    /// which zlib reads but never writes.
    fn read_code_lengths(&mut self, bits: &mut BitReader<'_>, total: usize) -> Option<()> {
        let Self { code_lengths, bl_table, .. } = self;
        code_lengths.clear();
        let (mut symbol, mut previous) = (0, None);
        while symbol < total {
            bits.require(14);
            let code = bl_table.read(bits).value as u8;
            if code < REP_3_6 {
                code_lengths.push(symbol, code.into());
                (symbol, previous) = (symbol + 1, Some(code));
                continue;
            }
            let repeat = match code {
                REP_3_6 => 3 + bits.take(2),
                REPZ_3_10 => 3 + bits.take(3),
                _ => 11 + bits.take(7),
            };
            if code == REP_3_6 {
                let length = previous?.into();
                (symbol..symbol + repeat).for_each(|symbol| code_lengths.push(symbol, length));
            } else {
                previous = Some(0);
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
        let mut entry = lengths.read(bits);
        if entry.value < END {
            *out.get_mut(written)? = entry.value as u8;
            written += 1;
            entry = lengths.read(bits);
            if entry.value < END {
                *out.get_mut(written)? = entry.value as u8;
                written += 1;
                continue;
            }
        }
        if entry.value <= LENGTHS {
            return (entry.value == END).then_some(written);
        }
        let length = usize::from(entry.value - LENGTHS) + bits.take(entry.extra_bits);
        let entry = distances.read(bits);
        let distance = usize::from(entry.value) + bits.take(entry.extra_bits);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_streams_take_the_fast_path() {
        let mut inflater = Inflater::new();
        let tables: Vec<_> = (0..90).map(|n| format!(r#""table{n}":["ir","ur"]"#)).collect();
        for tables in [&tables[..1], &tables[..3], &tables[..20], &tables] {
            let json = format!(
                r#"{{"a":"root","t":1,"_r":{{"a":["vi"],"r":{{"docs":{{{}}}}}}}}}"#,
                tables.join(",")
            );
            let mut stream = crate::compress(json.as_bytes());
            let data = inflater.decompress(&stream, usize::MAX);
            assert_eq!(data.as_deref(), Some(json.as_bytes()));
            // The limit, the checksum, and bytes after it.
            assert!(inflater.decompress(&stream, json.len() - 1).is_none());
            assert!(inflater.decompress(&stream, json.len()).is_some());
            assert!(inflater.decompress(&stream[..stream.len() - 1], usize::MAX).is_none());
            let followed = [&stream[..], b"more"].concat();
            assert!(inflater.decompress(&followed, usize::MAX).is_some());
            *stream.last_mut().unwrap() ^= 1;
            assert!(inflater.decompress(&stream, usize::MAX).is_none());
        }
    }
}
