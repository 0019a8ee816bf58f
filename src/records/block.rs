//! A block of records: what one worker reads and answers at a time.

use std::ops::Range;

use csv::ByteRecord;

/// Bytes of input in a block, and records in it. Either fills a block. Larger blocks take more
/// memory in each thread, and smaller ones more switches between threads.
const MAX_BYTES: u64 = 256 << 10;
const MAX_RECORDS: usize = 2 << 10;

/// Bytes of a buffer kept for the next block: a row's, and that of all lines.
const KEPT_ROW: usize = 64 << 10;
const KEPT_TEXT: usize = 1 << 20;

/// Consecutive records of the input: rows of CSV, or lines of JSON. Buffers are reused.
#[derive(Default)]
pub(super) struct Block {
    rows: Vec<ByteRecord>,
    /// How many of `rows` belong to the block. The others wait to be reused.
    row_count: usize,
    /// All lines.
    pub(super) text: Vec<u8>,
    /// The number of each line, from 1, and its place in `text`. Blank lines are left out.
    pub(super) lines: Vec<(u64, Range<usize>)>,
    /// Where the block ends, in bytes from the start of the input.
    pub(super) end: u64,
}

impl Block {
    pub(super) fn clear(&mut self) {
        self.row_count = 0;
        self.text.clear();
        self.text.shrink_to(KEPT_TEXT);
        self.lines.clear();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.row_count + self.lines.len()
    }

    /// Whether the block is full with this many bytes of input.
    pub(super) fn is_full(&self, bytes: u64) -> bool {
        self.len() == MAX_RECORDS || bytes >= MAX_BYTES
    }

    pub(super) fn rows(&self) -> &[ByteRecord] {
        &self.rows[..self.row_count]
    }

    pub(super) fn lines(&self) -> impl Iterator<Item = (u64, &[u8])> {
        self.lines.iter().map(|(number, range)| (*number, &self.text[range.clone()]))
    }

    /// A row to read into. It belongs to the block after [`Block::push_row`].
    pub(super) fn spare_row(&mut self) -> &mut ByteRecord {
        if self.row_count == self.rows.len() {
            self.rows.push(ByteRecord::new());
        }
        let row = &mut self.rows[self.row_count];
        if row.as_slice().len() > KEPT_ROW {
            *row = ByteRecord::new();
        }
        row
    }

    pub(super) fn push_row(&mut self) {
        self.row_count += 1;
    }
}
