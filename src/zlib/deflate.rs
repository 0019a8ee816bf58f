//! Stock zlib's level 6, bit for bit, for data of one block: what tokens are. What makes it fast
//! is what a token is, small: nothing is cleared between two, and no bits are written where
//! compression does not pay.
//!
//! Upstream: `deflate.c` and `trees.c` of zlib 1.3.2, whose names are kept.

mod bits;
mod block;
mod bound;
mod dynamic;
mod frequencies;
mod heap;
mod matches;
mod tokens;
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

    /// Appends `data`, at most [`MAX_DATA`] bytes, compressed, if that takes at most `limit`
    /// bytes, and says whether it does.
    pub(super) fn compress(&mut self, data: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
        let Some(limit) = limit.checked_sub(WRAPPER) else { return false };
        self.finder.find(data);
        let Some(block) = self.writer.write(data, &self.finder.matches, limit) else {
            return false;
        };
        out.extend_from_slice(&HEADER);
        out.extend_from_slice(block);
        out.extend_from_slice(&zlib_rs::adler32::adler32(1, data).to_be_bytes());
        true
    }
}
