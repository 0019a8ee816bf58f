//! Stock zlib's level 6 for data that fits into one block, byte for byte.
//!
//! Upstream is `deflate.c` and `trees.c` of zlib 1.3.2. Items that have a counterpart there name
//! it. The result has to be exact, so each decision that changes a byte is made as upstream makes
//! it, ties included.
//!
//! 1. `matches` finds the matches.
//! 2. `frequencies` counts the symbols.
//! 3. `bound` rules out a dynamic block where it can, without building a tree.
//! 4. `trees` and `heap` build Huffman codes, `run_lengths` and `dynamic` encode them.
//! 5. `block` chooses the shortest kind of block, and `bit_writer` writes it.
//!
//! It is faster than zlib on small data because it clears no tables between two streams, builds no
//! tree that the bound rules out, and writes nothing if the result exceeds the caller's limit.

mod bit_writer;
mod block;
mod bound;
mod dynamic;
mod frequencies;
mod heap;
mod matches;
mod run_lengths;
mod trees;

use block::BlockWriter;
pub(crate) use matches::MAX_DATA;
use matches::MatchFinder;

/// The header of a zlib stream with a 32 KiB window and the default level.
const HEADER: [u8; 2] = [0x78, 0x9c];
/// Bytes around the block: the header and the Adler-32.
const WRAPPER: usize = HEADER.len() + 4;

/// Compresses small data.
pub(crate) struct Deflater {
    finder: Box<MatchFinder>,
    writer: BlockWriter,
}

impl Deflater {
    pub(crate) fn new() -> Box<Self> {
        Box::new(Self { finder: MatchFinder::new(), writer: BlockWriter::new() })
    }

    /// Appends the compressed `data`, which has at most [`MAX_DATA`] bytes, to `out` if it takes at
    /// most `limit` bytes. Returns whether it does.
    pub(crate) fn compress(&mut self, data: &[u8], limit: usize, out: &mut Vec<u8>) -> bool {
        let Some(limit) = limit.checked_sub(WRAPPER) else { return false };
        self.finder.find_matches(data);
        let Some(block) = self.writer.write(data, &self.finder.matches, limit) else {
            return false;
        };
        out.extend_from_slice(&HEADER);
        out.extend_from_slice(block);
        out.extend_from_slice(&zlib_rs::adler32::adler32(1, data).to_be_bytes());
        true
    }
}
