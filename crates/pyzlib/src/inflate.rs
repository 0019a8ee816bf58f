//! A fast path for decompressing short streams. Upstream: `inflate.c`, `inftrees.c` and `inffast.c`
//! of zlib 1.3.2.
//!
//! Unlike a compressed stream, decompressed data does not depend on the implementation. zlib-rs
//! (`ng.rs`) decompresses any stream, and alone decides what is wrong with a stream. But setting it
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
mod block;
mod entry;
mod tables;

use zlib_rs::adler32::adler32;

use bit_reader::BitReader;
use block::BlockReader;

/// The longest stream that is not declined. Longer ones make up for the time that zlib-rs takes to
/// set up.
const MAX_STREAM: usize = 1 << 10;
/// The most data that is not declined.
const MAX_DATA: usize = 4 << 10;

/// Decompresses short streams.
pub(crate) struct Inflater {
    reader: Box<BlockReader>,
    buffer: Box<[u8; MAX_DATA]>,
}

impl Inflater {
    pub(crate) fn new() -> Self {
        Self { reader: BlockReader::new(), buffer: Box::new([0; MAX_DATA]) }
    }

    /// Returns the data of a valid stream, or `None` if it declines the stream or the data has more
    /// than `limit` bytes.
    pub(crate) fn decompress(&mut self, stream: &[u8], limit: usize) -> Option<Vec<u8>> {
        let Self { reader, buffer } = self;
        if stream.len() > MAX_STREAM {
            return None;
        }
        let (&[method, flags], blocks) = stream.split_first_chunk()?;
        // Deflate with a window of 32 KiB, and no preset dictionary.
        if method != 0x78 || flags & 0x20 != 0 || u16::from_be_bytes([method, flags]) % 31 != 0 {
            return None;
        }
        let mut bits = BitReader::new(blocks);
        let length = reader.read(&mut bits, &mut buffer[..limit.min(MAX_DATA)])?;
        let data = &buffer[..length];
        let checksum = bits.rest()?.first_chunk()?;
        (*checksum == adler32(1, data).to_be_bytes()).then(|| data.to_vec())
    }
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
