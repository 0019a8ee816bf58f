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
//! * Only the end checks whether the stream was long enough, and whether the data is too long. Until
//!   then, the stream may continue with anything, and the data in the rest of the buffer.

mod bit_reader;
mod table;

use zlib_rs::adler32::adler32;

use bit_reader::{BitReader, Input, MAX_STREAM};
use table::{CodeLengths, D_ENTRIES, END, INVALID_DISTANCE, L_ENTRIES, Table};

use crate::codes::{
    BL_CODES, BL_ORDER, D_CODES, FIXED_DISTANCE_LENGTH, FIXED_L_CODES, L_CODES, MIN_MATCH, REP_3_6,
    REPZ_3_10, fixed_length,
};

/// The most data that is not declined.
const MAX_DATA: usize = 32 << 10;
/// Space for [`MAX_DATA`], and for what [`read_symbols`] writes after that before it notices.
type Buffer = [u8; MAX_DATA + 512];

/// Tables for codes of up to 11 and 10 bits. The codes of such short data are hardly ever
/// longer.
type LengthTable = Table<2048>;
type DistanceTable = Table<1024>;

/// Decompresses short streams.
pub(crate) struct Inflater {
    fixed_lengths: LengthTable,
    fixed_distances: DistanceTable,
    codes: Codes,
    /// The stream, without its header. Bytes of earlier ones follow it.
    input: Input,
    buffer: Buffer,
}

impl Inflater {
    pub(crate) fn new() -> Box<Self> {
        let mut inflater = Box::new(Self {
            fixed_lengths: Table::EMPTY,
            fixed_distances: Table::EMPTY,
            codes: Codes {
                lengths: Table::EMPTY,
                distances: Table::EMPTY,
                bl_table: Table::EMPTY,
                code_lengths: CodeLengths::new(),
            },
            input: [0; _],
            buffer: [0; _],
        });
        let Self { fixed_lengths, fixed_distances, codes, .. } = &mut *inflater;
        let code_lengths = &mut codes.code_lengths;
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
        self.input[..blocks.len()].copy_from_slice(blocks);
        let (read, length) = self.read_blocks(limit.min(MAX_DATA))?;
        let data = &self.buffer[..length];
        let checksum = blocks.get(read..)?.first_chunk()?;
        (*checksum == adler32(1, data).to_be_bytes()).then(|| data.to_vec())
    }

    /// `inflate`: decompresses blocks, up to the last one, into the buffer. Returns the lengths of
    /// the blocks and of the data, unless the data has more than `limit` bytes. RFC 1951, section
    /// 3.2.3.
    fn read_blocks(&mut self, limit: usize) -> Option<(usize, usize)> {
        let mut bits = BitReader::new(&self.input);
        let mut written = 0;
        loop {
            bits.refill()?;
            let is_last = bits.take(1) == 1;
            let (lengths, distances) = match bits.take(2) {
                1 => (&self.fixed_lengths, &self.fixed_distances),
                2 => {
                    self.codes.read(&mut bits)?;
                    (&self.codes.lengths, &self.codes.distances)
                }
                _ => return None,
            };
            written = read_symbols(&mut bits, lengths, distances, &mut self.buffer, written)?;
            if is_last {
                return (written <= limit).then(|| (bits.offset(), written));
            }
        }
    }
}

/// The codes of a dynamic block.
struct Codes {
    lengths: LengthTable,
    distances: DistanceTable,
    bl_table: Table<128>,
    code_lengths: CodeLengths,
}

impl Codes {
    /// Reads the codes. If the end of the block has none, it never ends, so [`read_symbols`]
    /// declines it.
    #[inline(never)]
    fn read(&mut self, reader: &mut BitReader<'_>) -> Option<()> {
        let mut bits = *reader;
        let l_codes = 257 + bits.take(5);
        let d_codes = 1 + bits.take(5);
        let bl_codes = 4 + bits.take(4);
        if l_codes > L_CODES || d_codes > D_CODES {
            return None;
        }
        let mut lengths = [0; BL_CODES];
        for &symbol in BL_ORDER.iter().take(bl_codes) {
            bits.require(3)?;
            lengths[usize::from(symbol)] = bits.take(3) as u8;
        }
        self.code_lengths.set(&lengths);
        self.bl_table.build(&self.code_lengths, &L_ENTRIES)?;
        self.read_code_lengths(&mut bits, l_codes)?;
        self.lengths.build(&self.code_lengths, &L_ENTRIES)?;
        self.read_code_lengths(&mut bits, d_codes)?;
        self.distances.build(&self.code_lengths, &D_ENTRIES)?;
        *reader = bits;
        Some(())
    }

    /// Reads the code lengths of `total` symbols. Declines runs that continue after the last one,
    /// which zlib reads but never writes.
    #[inline(always)]
    fn read_code_lengths(&mut self, bits: &mut BitReader<'_>, total: usize) -> Option<()> {
        let Self { code_lengths, bl_table, .. } = self;
        code_lengths.clear();
        // No length is that large: there is none yet to repeat.
        let (mut symbol, mut previous) = (0, usize::from(REP_3_6));
        while symbol < total {
            bits.require(14)?;
            let code = bl_table.find(bits).take_literal(bits);
            if code < REP_3_6 {
                previous = code.into();
                code_lengths.push(symbol, previous);
                symbol += 1;
                continue;
            }
            let repeat = match code {
                REP_3_6 => 3 + bits.take(2),
                REPZ_3_10 => 3 + bits.take(3),
                _ => 11 + bits.take(7),
            };
            if code == REP_3_6 {
                if previous == usize::from(REP_3_6) {
                    return None;
                }
                (symbol..symbol + repeat).for_each(|symbol| code_lengths.push(symbol, previous));
            } else {
                previous = 0;
            }
            symbol += repeat;
        }
        (symbol == total).then_some(())
    }
}

/// `inflate_fast`: decompresses the symbols of a block into `out`, from `written` on. Returns where
/// they end.
///
/// One refill is enough for a literal and a match, which have at most 11 + 11 + 5 + 10 + 13 bits, or
/// for four literals.
///
/// Not inlined, because alone it keeps more of its state in registers.
#[inline(never)]
fn read_symbols(
    reader: &mut BitReader<'_>,
    lengths: &LengthTable,
    distances: &DistanceTable,
    out: &mut Buffer,
    mut written: usize,
) -> Option<usize> {
    let mut bits = *reader;
    'refill: while written <= MAX_DATA {
        bits.refill()?;
        let mut entry = lengths.find(&bits);
        let mut literals = 0;
        while entry.is_literal() {
            out[written] = entry.take_literal(&mut bits);
            written += 1;
            literals += 1;
            if literals == 4 {
                continue 'refill;
            }
            entry = lengths.find(&bits);
        }
        if literals > 1 {
            bits.refill()?;
        }
        let length = entry.take_number(&mut bits);
        if length < MIN_MATCH.into() {
            *reader = bits;
            return (length == END).then_some(written);
        }
        let distance = distances.find(&bits).take_number(&mut bits);
        copy_match(out, written, distance, length)?;
        written += length;
    }
    None
}

/// Copies a match to `at`. `None` if it begins before the data.
#[inline(always)]
fn copy_match(out: &mut Buffer, mut at: usize, distance: usize, length: usize) -> Option<()> {
    let end = at + length;
    if distance >= STEP {
        copy_step(out, at, distance)?;
        at += STEP;
        while at < end {
            copy_step(out, at, distance)?;
            at += STEP;
        }
    } else {
        // A match may overlap itself, so byte by byte.
        if distance == INVALID_DISTANCE || distance > at {
            return None;
        }
        for n in at..end {
            out[n] = out[n - distance];
        }
    }
    Some(())
}

/// How many bytes are copied at once: up to 15 too many, which later symbols overwrite. Nearly all
/// matches take one or two steps.
const STEP: usize = 16;

#[inline(always)]
fn copy_step(out: &mut Buffer, at: usize, distance: usize) -> Option<()> {
    let (before, after) = out.split_at_mut_checked(at)?;
    let from = at.checked_sub(distance)?;
    *after.first_chunk_mut()? = *before[from..].first_chunk::<STEP>()?;
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

    #[test]
    fn the_limit_is_exact_at_the_end_of_the_buffer() {
        let mut inflater = Inflater::new();
        // Literals at the end, matches of all lengths and steps, and matches that overlap.
        for period in [1, 15, 16, 17, 40, 300] {
            for more in 0..300 {
                let length = MAX_DATA - 20 + more;
                let data: Vec<_> = (0..length).map(|n| (n % period * 7) as u8).collect();
                let result = inflater.decompress(&crate::compress(&data), usize::MAX);
                let expected = (length <= MAX_DATA).then_some(data);
                assert!(result == expected, "{period}, {length}");
            }
        }
    }

    #[test]
    fn bytes_of_an_earlier_stream_do_not_complete_a_shorter_one() {
        let mut inflater = Inflater::new();
        let json = br#"{"a":"root","t":1,"_r":{"a":["vi"],"r":{"docs":{"notes":["ir","ur"]}}}}"#;
        let stream = crate::compress(json);
        for end in 0..stream.len() {
            assert!(inflater.decompress(&stream, usize::MAX).is_some());
            assert!(inflater.decompress(&stream[..end], usize::MAX).is_none(), "{end}");
        }
    }
}
