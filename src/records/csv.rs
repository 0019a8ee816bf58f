//! CSV as Python's `csv` module reads it with `strict=True`, on bytes.
//!
//! A cell is quoted if it begins with a quote. Two quotes inside it are one. A quote in any other
//! cell is literal. `\n`, `\r\n` and `\r` end a record.

use std::borrow::Cow;
use std::ops::{Range, RangeInclusive};

use memchr::{memchr, memchr2_iter};

/// The most columns that a header may have: those of a table in SQLite.
pub(super) const MAX_COLUMNS: usize = 32_767;

/// A cell of a record.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Cell {
    /// Its place in the text, with its quotes.
    pub(super) raw: Range<usize>,
    pub(super) quotes: Quotes,
    /// Whether the record ends with it.
    pub(super) is_last: bool,
}

/// The quotes of a cell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Quotes {
    None,
    Around,
    /// Around the cell, and doubled inside it.
    Doubled,
}

/// Why a text isn't CSV.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Malformed {
    /// Where the cell begins.
    pub(super) at: usize,
    pub(super) problem: &'static str,
}

/// Finds the cells of one record. A text that ends too early can be longer in the next call.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    /// Which bytes separate cells, and which end one that has no quotes.
    is_delimiter: [bool; 256],
    ends_cell: [bool; 256],
    state: State,
    /// Where the cell begins.
    start: usize,
    /// The cell goes on at this offset.
    at: usize,
    /// The last long cell with doubled quotes.
    long: Vec<u8>,
}

/// How many bytes a cell has that is worth remembering.
const LONG: RangeInclusive<usize> = 64..=64 << 10;

#[derive(Clone, Copy, Debug)]
enum State {
    Start,
    Unquoted,
    Quoted(Quotes),
    /// After a quote that either closes the cell or is doubled.
    Quote(Quotes),
}

impl Cells {
    /// Each of the delimiters ends a cell.
    pub(super) fn new(delimiters: &[u8]) -> Self {
        let mut is_delimiter = [false; 256];
        delimiters.iter().for_each(|byte| is_delimiter[usize::from(*byte)] = true);
        let mut ends_cell = is_delimiter;
        b"\r\n".iter().for_each(|byte| ends_cell[usize::from(*byte)] = true);
        let long = Vec::new();
        Self { is_delimiter, ends_cell, state: State::Start, start: 0, at: 0, long }
    }

    /// Where the cell begins that the next call goes on with.
    pub(super) fn start(&self) -> usize {
        self.start
    }

    pub(super) fn reset(&mut self) {
        (self.state, self.start, self.at) = (State::Start, 0, 0);
    }

    /// The next cell, or `None` if it may go on after the text. With `is_end` it does not.
    ///
    /// # Errors
    /// A quote that isn't closed, or text after a closing quote.
    pub(super) fn next(&mut self, text: &[u8], is_end: bool) -> Result<Option<Cell>, Malformed> {
        loop {
            let next = text.get(self.at);
            match self.state {
                State::Start if next == Some(&b'"') => {
                    if self.skip_same(text) {
                        return Ok(Some(self.cell(text, Quotes::Doubled)));
                    }
                    self.go_on(self.at + 1, State::Quoted(Quotes::Around));
                }
                State::Start if next.is_none() && !is_end => return Ok(None),
                State::Start => self.state = State::Unquoted,
                State::Unquoted => {
                    let rest = &text[self.at..];
                    let length = rest.iter().position(|byte| self.ends_cell(*byte));
                    self.at += length.unwrap_or(rest.len());
                    let is_complete = length.is_some() || is_end;
                    return Ok(is_complete.then(|| self.cell(text, Quotes::None)));
                }
                State::Quoted(quotes) => match memchr(b'"', &text[self.at..]) {
                    Some(length) => self.go_on(self.at + length + 1, State::Quote(quotes)),
                    None if is_end => {
                        return Err(self.malformed("a quote opens a cell here and is never closed"));
                    }
                    None => {
                        self.at = text.len();
                        return Ok(None);
                    }
                },
                State::Quote(quotes) => match next {
                    Some(b'"') => {
                        self.go_on(self.at + 1, State::Quoted(Quotes::Doubled));
                        self.skip_doubled(text);
                    }
                    Some(byte) if !self.ends_cell(*byte) => {
                        return Err(self.malformed(
                            "a cell that begins here has text after its closing quote",
                        ));
                    }
                    None if !is_end => return Ok(None),
                    _ => {
                        let cell = self.cell(text, quotes);
                        self.remember(&text[cell.raw.clone()], quotes);
                        return Ok(Some(cell));
                    }
                },
            }
        }
    }

    /// Skips a cell with the same bytes as the last long one. Rows often have the same JSON, and to
    /// compare it is faster than to look for its quotes. What follows decides where a cell ends, so
    /// it must be there and end this one too.
    fn skip_same(&mut self, text: &[u8]) -> bool {
        let rest = text[self.at..].strip_prefix(&*self.long);
        let is_same = rest.and_then(<[u8]>::first).is_some_and(|next| self.ends_cell(*next));
        if is_same {
            self.at += self.long.len();
        }
        is_same
    }

    fn remember(&mut self, cell: &[u8], quotes: Quotes) {
        if quotes == Quotes::Doubled && LONG.contains(&cell.len()) {
            self.long.clear();
            self.long.extend_from_slice(cell);
        }
    }

    /// Skips doubled quotes up to one that isn't. A fast path for JSON in a cell, which has hundreds.
    fn skip_doubled(&mut self, text: &[u8]) {
        while let Some(length) = memchr(b'"', &text[self.at..]) {
            let quote = self.at + length;
            if text.get(quote + 1) != Some(&b'"') {
                break;
            }
            self.at = quote + 2;
        }
    }

    fn go_on(&mut self, at: usize, state: State) {
        (self.at, self.state) = (at, state);
    }

    fn ends_cell(&self, byte: u8) -> bool {
        self.ends_cell[usize::from(byte)]
    }

    fn malformed(&self, problem: &'static str) -> Malformed {
        Malformed { at: self.start, problem }
    }

    /// The cell that ends here.
    fn cell(&mut self, text: &[u8], quotes: Quotes) -> Cell {
        let raw = self.start..self.at;
        let is_last = text.get(self.at).is_none_or(|byte| !self.is_delimiter[usize::from(*byte)]);
        self.start = self.at + 1;
        self.go_on(self.at + 1, State::Start);
        Cell { raw, quotes, is_last }
    }
}

impl Cell {
    /// The cell's value.
    pub(super) fn value<'a>(&self, text: &'a [u8]) -> Cow<'a, [u8]> {
        let raw = &text[self.raw.clone()];
        if self.quotes == Quotes::None {
            return Cow::Borrowed(raw);
        }
        let inner = &raw[1..raw.len() - 1];
        if self.quotes == Quotes::Around {
            return Cow::Borrowed(inner);
        }
        let mut value = Vec::with_capacity(inner.len());
        let mut rest = inner;
        while let Some(quote) = memchr(b'"', rest) {
            value.extend_from_slice(&rest[..=quote]);
            rest = &rest[quote + 2..];
        }
        value.extend_from_slice(rest);
        Cow::Owned(value)
    }
}

/// The cells of a row that is known to be well-formed, and no more than one above the limit.
pub(super) fn read_cells(row: &[u8], delimiter: u8) -> Vec<Cell> {
    let mut reader = Cells::new(&[delimiter]);
    let mut cells = Vec::new();
    while let Ok(Some(cell)) = reader.next(row, true) {
        let is_last = cell.is_last || cells.len() == MAX_COLUMNS;
        cells.push(cell);
        if is_last {
            break;
        }
    }
    cells
}

/// The length of the line end that a text begins with.
pub(super) fn line_end(text: &[u8]) -> usize {
    match text {
        [b'\r', b'\n', ..] => 2,
        [b'\r' | b'\n', ..] => 1,
        _ => 0,
    }
}

/// How many lines end in a text.
pub(super) fn count_lines(text: &[u8]) -> u64 {
    let is_end = |at: &usize| text[*at] == b'\n' || text.get(at + 1) != Some(&b'\n');
    memchr2_iter(b'\n', b'\r', text).filter(is_end).count() as u64
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The cells of a record whose text grows to these lengths, or the error.
    fn cells(reader: &mut Cells, text: &[u8], lengths: [usize; 2]) -> Result<Vec<Cell>, Malformed> {
        reader.reset();
        let (mut cells, mut lengths) = (Vec::new(), lengths.into_iter());
        let mut length = 0;
        while !cells.last().is_some_and(|cell: &Cell| cell.is_last) {
            match reader.next(&text[..length], length == text.len())? {
                Some(cell) => cells.push(cell),
                None => length = lengths.next().unwrap_or(text.len()),
            }
        }
        Ok(cells)
    }

    proptest! {
        /// What a reader remembers of a long cell makes no difference.
        #[test]
        fn a_record_is_read_whatever_was_read_before(
            cell in "[a\",\n]{1,4}",
            before in "[\",;\r\na]{0,6}",
            after in "[\",;\r\na]{0,6}",
            lengths: [prop::sample::Index; 2],
        ) {
            let long = format!("\"{}\"", cell.replace('"', "\"\"").repeat(40));
            let text = format!("{before}{long}{after}");
            let mut lengths = lengths.map(|at| at.index(text.len() + 1));
            lengths.sort_unstable();
            let mut reader = Cells::new(b",");
            cells(&mut reader, long.as_bytes(), [0, 0]).unwrap();
            let expected = cells(&mut Cells::new(b","), text.as_bytes(), [0, 0]);
            for lengths in [lengths, [text.len(); 2]] {
                let mut reader = reader.clone();
                prop_assert_eq!(&cells(&mut reader, text.as_bytes(), lengths), &expected);
            }
        }
    }
}
