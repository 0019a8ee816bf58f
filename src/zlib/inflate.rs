//! `zlib.decompress`. What inflating gives does not depend on whose zlib does it, so zlib-rs does.
//! What a token is, small and sound, has a way of its own: its tables are as large as the codes are
//! long, and it gives up at anything else.

mod bits;
mod block;
mod entry;
mod tables;

use zlib_rs::{Inflate, InflateFlush, Status, adler32::adler32};

use super::DecompressError;
use bits::Bits;
use block::BlockReader;

/// Inflates; keeps its room from one stream to the next, cleared once.
pub(super) struct Inflater {
    reader: Box<BlockReader>,
    inflate: Inflate,
    room: Box<[u8; FIRST_ROOM]>,
}

/// Bytes that data may have without being given room of its own.
const FIRST_ROOM: usize = 4 << 10;

impl Inflater {
    pub(super) fn new() -> Self {
        Self {
            reader: BlockReader::new(),
            inflate: Inflate::new(true, 15),
            room: Box::new([0; FIRST_ROOM]),
        }
    }

    /// The data of a stream, if it has at most `limit` bytes.
    pub(super) fn decompress(
        &mut self,
        stream: &[u8],
        limit: usize,
    ) -> Result<Vec<u8>, DecompressError> {
        match self.decompress_small(stream, limit.min(FIRST_ROOM)) {
            Some(data) => Ok(data),
            None => self.decompress_any(stream, limit),
        }
    }

    /// The data of a stream of at most `limit` bytes that is as zlib's deflate writes it; `None`
    /// says nothing of any other.
    fn decompress_small(&mut self, stream: &[u8], limit: usize) -> Option<Vec<u8>> {
        let Self { reader, room, .. } = self;
        // Nor is such a stream longer than its data, however many blocks without any it may have.
        if stream.len() > FIRST_ROOM {
            return None;
        }
        let (&[method, flags], blocks) = stream.split_first_chunk()?;
        // Deflate with a window of 32 KiB, no preset dictionary.
        if method != 0x78 || flags & 0x20 != 0 || u16::from_be_bytes([method, flags]) % 31 != 0 {
            return None;
        }
        let mut bits = Bits::new(blocks);
        let written = reader.read(&mut bits, &mut room[..limit])?;
        let data = &room[..written];
        let checksum = bits.rest()?.first_chunk()?;
        (*checksum == adler32(1, data).to_be_bytes()).then(|| data.to_vec())
    }

    fn decompress_any(&mut self, stream: &[u8], limit: usize) -> Result<Vec<u8>, DecompressError> {
        let Self { inflate, room, .. } = self;
        inflate.reset(true);
        let room = &mut room[..FIRST_ROOM.min(limit + 1)];
        let mut status = inflate.decompress(stream, room, InflateFlush::Finish);
        let total = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
        let mut written = total(inflate.total_out());
        let mut data = room[..written].to_vec();
        loop {
            match status {
                Ok(_) if written > limit => return Err(DecompressError::TooLarge),
                Ok(Status::StreamEnd) => {
                    data.truncate(written);
                    return Ok(data);
                }
                // Only a full output is a reason to go on: all of the stream is there.
                Ok(_) if written == data.len() && written >= FIRST_ROOM.min(limit + 1) => {
                    data.resize((2 * data.len()).min(limit + 1), 0);
                }
                _ => return Err(DecompressError::Invalid),
            }
            let rest = &stream[total(inflate.total_in())..];
            status = inflate.decompress(rest, &mut data[written..], InflateFlush::Finish);
            written = total(inflate.total_out());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::compress_with_libz_within;
    use super::*;

    #[test]
    fn tokens_take_the_way_of_their_own() {
        let mut inflater = Inflater::new();
        let tables: Vec<_> = (0..90).map(|n| format!(r#""table{n}":["ir","ur"]"#)).collect();
        for tables in [&tables[..1], &tables[..3], &tables[..20], &tables] {
            let json = format!(
                r#"{{"a":"root","t":1,"_r":{{"a":["vi"],"r":{{"docs":{{{}}}}}}}}}"#,
                tables.join(",")
            );
            let mut stream = Vec::new();
            assert!(compress_with_libz_within(json.as_bytes(), json.len(), &mut stream));
            let small = inflater.decompress_small(&stream, FIRST_ROOM);
            assert_eq!(small.as_deref(), Some(json.as_bytes()));
            // The room, the checksum and what follows it.
            assert!(inflater.decompress_small(&stream, json.len() - 1).is_none());
            assert!(inflater.decompress_small(&stream, json.len()).is_some());
            assert!(inflater.decompress_small(&stream[..stream.len() - 1], FIRST_ROOM).is_none());
            assert!(
                inflater.decompress_small(&[&stream[..], b"more"].concat(), FIRST_ROOM).is_some()
            );
            *stream.last_mut().unwrap_or(&mut 0) ^= 1;
            assert!(inflater.decompress_small(&stream, FIRST_ROOM).is_none());
        }
    }
}
