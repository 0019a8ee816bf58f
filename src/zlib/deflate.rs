//! Stock zlib's level 6, bit for bit, for data of one block: what tokens are. What makes it fast
//! is what a token is, small: nothing is cleared between two, and no bits are written where
//! compression does not pay.
//!
//! Upstream: `deflate.c` and `trees.c` of zlib 1.3.2, whose names are kept.

mod block;
mod codes;
mod frequencies;
mod matches;
mod trees;

use block::BlockWriter;
use matches::Finder;

/// Data of so many bytes is one block at any rate: a block ends after as many symbols.
pub(super) const MAX_DATA: usize = 16_383;

/// The stream's header: a 32 KiB window, zlib's default level.
const HEADER: [u8; 2] = [0x78, 0x9c];
/// Bytes around the block: header and Adler-32.
const WRAPPER: usize = HEADER.len() + 4;

/// Compresses; keeps its room from one stream to the next.
pub(super) struct Deflater {
    finder: Box<Finder>,
    writer: BlockWriter,
}

impl Deflater {
    pub(super) fn new() -> Self {
        Self { finder: Finder::new(), writer: BlockWriter::new() }
    }

    /// Compresses `data`, at most [`MAX_DATA`] bytes, into `room`; how many bytes it takes, or
    /// `None` if it does not fit.
    pub(super) fn compress(&mut self, data: &[u8], room: &mut [u8]) -> Option<usize> {
        let limit = room.len().checked_sub(WRAPPER)?;
        self.finder.find(data);
        let block = self.writer.write(data, &self.finder.matches, limit)?;
        let length = WRAPPER + block.len();
        room[..2].copy_from_slice(&HEADER);
        room[2..length - 4].copy_from_slice(block);
        let checksum = zlib_rs::adler32::adler32(1, data);
        room[length - 4..length].copy_from_slice(&checksum.to_be_bytes());
        Some(length)
    }
}
