//! Where records begin and end.

use std::ops::Range;

use memchr::memchr;

use super::array::Elements;
use super::csv::{Cell, Cells, MAX_COLUMNS, Malformed, count_lines, line_end};

/// What the start of a text holds.
pub(super) struct Piece {
    /// A record without its line end; empty for a blank line and what is between records.
    pub(super) record: Range<usize>,
    /// Bytes to the end of the piece.
    pub(super) length: usize,
    /// How many lines end in it.
    pub(super) lines: u64,
}

/// Finds the records of each format. A text that ends too early can be longer in the next call.
pub(super) enum Splitter {
    Csv {
        reader: Box<Cells>,
        /// The cells of the record so far.
        cells: Vec<Cell>,
        /// Whether the record before this ended with a carriage return, and the text with it.
        after_return: bool,
    },
    Lines {
        /// No line feed is before this.
        searched: usize,
    },
    Array(Elements),
}

impl Splitter {
    pub(super) fn csv(delimiter: u8) -> Self {
        let reader = Box::new(Cells::new(&[delimiter]));
        Self::Csv { reader, cells: Vec::new(), after_return: false }
    }

    /// Where the cell begins that isn't complete. 0 if the format has no cells.
    pub(super) fn cell_start(&self) -> usize {
        match self {
            Self::Csv { reader, .. } => reader.start(),
            Self::Lines { .. } | Self::Array(_) => 0,
        }
    }

    /// Moves the cells of the last record of CSV.
    pub(super) fn take_cells(&mut self, to: &mut Vec<Cell>) {
        if let Self::Csv { cells, .. } = self {
            to.append(cells);
        }
    }

    /// The next piece, or `None` if more text is needed. With `is_end` there is no more.
    ///
    /// # Errors
    /// The text isn't in the format.
    pub(super) fn split(&mut self, text: &[u8], is_end: bool) -> Result<Option<Piece>, Malformed> {
        match self {
            Self::Array(elements) => {
                let piece = elements.next(text, is_end)?;
                Ok(piece.map(|piece| Piece {
                    lines: count_lines(&text[..piece.length]),
                    record: piece.element,
                    length: piece.length,
                }))
            }
            _ if text.is_empty() => Ok(None),
            Self::Lines { searched } => {
                let Some(end) = memchr(b'\n', &text[*searched..]).map(|at| *searched + at) else {
                    *searched = text.len();
                    let last = Piece { record: 0..text.len(), length: text.len(), lines: 0 };
                    return Ok(is_end.then_some(last).map(|piece| piece.trimmed(text)));
                };
                *searched = 0;
                Ok(Some(Piece { record: 0..end, length: end + 1, lines: 1 }.trimmed(text)))
            }
            Self::Csv { reader, cells, after_return } => {
                if std::mem::take(after_return) && text[0] == b'\n' {
                    return Ok(Some(Piece { record: 0..0, length: 1, lines: 0 }));
                }
                loop {
                    let Some(cell) = reader.next(text, is_end)? else { return Ok(None) };
                    // Such a row is wrong anyway, and must not take more memory.
                    cells.truncate(MAX_COLUMNS);
                    cells.push(cell);
                    let Some(Cell { raw, is_last: true, .. }) = cells.last() else { continue };
                    let end = raw.end;
                    let length = end + line_end(&text[end..]);
                    let has_quotes = memchr(b'"', &text[..end]).is_some();
                    let lines = if has_quotes { count_lines(&text[..length]) } else { 1 };
                    *after_return = text[end..] == *b"\r";
                    reader.reset();
                    if end == 0 {
                        cells.clear();
                    }
                    return Ok(Some(Piece { record: 0..end, length, lines }));
                }
            }
        }
    }
}

impl Piece {
    /// The piece with a record that has no white space around it.
    fn trimmed(self, text: &[u8]) -> Self {
        let start = text[self.record.clone()].trim_ascii_start();
        let start = self.record.end - start.len();
        let length = text[start..self.record.end].trim_ascii_end().len();
        Self { record: start..start + length, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The records of a text with the lines in which they begin. The text comes in two reads.
    fn split(mut splitter: Splitter, text: &str, read: usize) -> Vec<(u64, &str)> {
        let (mut found, mut start, mut line) = (Vec::new(), 0, 1);
        for end in [read, text.len()] {
            while let Some(piece) =
                splitter.split(&text.as_bytes()[start..end], end == text.len()).unwrap()
            {
                splitter.take_cells(&mut Vec::new());
                if !piece.record.is_empty() {
                    found.push((line, &text[start..][piece.record]));
                }
                start += piece.length;
                line += piece.lines;
            }
        }
        found
    }

    #[test]
    fn lines_do_not_depend_on_reads() {
        let csv = "a\r\n\r\n\"b\r\n\"\rc\n\r\nd\r\n";
        let lines = "\r\n1\r\n\n2\r\n \r\n3";
        let array = "\r\n[\r\n1\r\n,\r\n[\r\n2]\r,\n \r\n\r\n3\r]\r\n";
        for read in 0..csv.len() {
            let expected = [(1, "a"), (3, "\"b\r\n\""), (5, "c"), (7, "d")];
            assert_eq!(split(Splitter::csv(b','), csv, read), expected, "{read}");
        }
        for read in 0..lines.len() {
            let splitter = Splitter::Lines { searched: 0 };
            assert_eq!(split(splitter, lines, read), [(2, "1"), (4, "2"), (6, "3")], "{read}");
        }
        for read in 0..array.len() {
            let expected = [(3, "1"), (5, "[\r\n2]"), (10, "3")];
            let splitter = Splitter::Array(Elements::default());
            assert_eq!(split(splitter, array, read), expected, "{read}");
        }
    }
}
