//! The input: CSV, JSON lines or a JSON array, from a file or stdin, cut into records.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, Read};
use std::ops::Range;
use std::path::Path;

use memchr::memchr;

use super::array::Elements;
use super::csv::{Cell, Cells, Malformed, count_lines, line_end};
use super::split::Splitter;
use crate::cli::failure::Failure;

/// Bytes of input in a block, and records in it. Either fills a block. Larger blocks take more
/// memory in each thread, and smaller ones more switches between threads.
const MAX_BYTES: usize = 256 << 10;
const MAX_RECORDS: usize = 2 << 10;

/// Bytes of a buffer kept for what comes next.
const KEPT: usize = 1 << 20;

/// Bytes of blank space that are kept before the first record.
const MAX_BLANK: usize = 64 << 10;

/// The longest record with its line end, in bytes. The limit keeps an unclosed quote from swallowing
/// a whole file.
const MAX_RECORD: usize = (16 << 20) + 2;

pub(super) const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();

/// Consecutive records: what one worker reads and answers at a time. Buffers are reused.
#[derive(Default)]
pub(super) struct Block {
    text: Vec<u8>,
    /// The cells of all rows.
    cells: Vec<Cell>,
    records: Vec<Place>,
    /// Where the block ends, in bytes from the start of the input.
    pub(super) end: u64,
}

/// The place of a record in a block.
struct Place {
    /// The line in which it begins, from 1.
    line: u64,
    text: Range<usize>,
    /// Its part of the block's cells.
    cells: Range<usize>,
}

impl Block {
    fn clear(&mut self) {
        self.cells.clear();
        self.cells.shrink_to(MAX_BYTES);
        self.text.clear();
        self.text.shrink_to(KEPT);
        self.records.clear();
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether it is worth another thread.
    pub(super) fn is_large(&self) -> bool {
        self.text.len() >= MAX_BYTES / 32
    }

    fn is_full(&self) -> bool {
        self.len() == MAX_RECORDS || self.text.len() >= MAX_BYTES
    }

    fn push(&mut self, line: u64, text: &[u8], splitter: &mut Splitter) {
        let (start, first_cell) = (self.text.len(), self.cells.len());
        self.text.extend_from_slice(text);
        splitter.take_cells(&mut self.cells);
        let (text, cells) = (start..self.text.len(), first_cell..self.cells.len());
        self.records.push(Place { line, text, cells });
    }

    /// For each record the line in which it begins, its text without line end, and its cells if it
    /// is a row.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, &[u8], &[Cell])> {
        self.records.iter().map(|Place { line, text, cells }| {
            (*line, &self.text[text.clone()], &self.cells[cells.clone()])
        })
    }
}

/// How the input writes its records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// CSV with this delimiter.
    Csv(u8),
    JsonLines,
    JsonArray,
}

/// The source of records.
pub(super) struct Input {
    source: Box<dyn Read + Send>,
    /// What was read, and the part of it that is still to be cut.
    buffer: Vec<u8>,
    uncut: Range<usize>,
    /// Whether the source has ended.
    is_end: bool,
    /// The number of bytes before `uncut`, and of the line in which that begins.
    position: u64,
    line: u64,
    splitter: Splitter,
    /// Why the input ends, once the records before that are answered.
    problem: Option<Failure>,
    pub(super) kind: Kind,
    /// Whether the input begins with a byte order mark.
    pub(super) has_mark: bool,
    /// What ends the first line.
    pub(super) line_end: &'static str,
    /// The header of CSV.
    pub(super) header: Option<Vec<u8>>,
    /// Bytes in the file, if it is one.
    pub(super) length: Option<u64>,
    /// The first block, if it was read ahead: [`Input::read`] returns it again.
    pub(super) first: Option<Block>,
}

impl Input {
    /// Opens a file, or stdin without a path or with `-`, and recognises its format. Reads the
    /// header of CSV.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the file can't be read, and for UTF-16 and a malformed header.
    pub(super) fn open(path: Option<&Path>, delimiter: Option<u8>) -> Result<Self, Failure> {
        let (source, length) = match path.filter(|path| path.as_os_str() != "-") {
            None => (Box::new(io::stdin()) as Box<dyn Read + Send>, None),
            Some(path) => open_file(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?,
        };
        let mut input = Self {
            source,
            buffer: Vec::new(),
            uncut: 0..0,
            is_end: false,
            position: 0,
            line: 1,
            splitter: Splitter::Lines { searched: 0 },
            problem: None,
            kind: Kind::JsonLines,
            has_mark: false,
            line_end: "\n",
            header: None,
            length,
            first: None,
        };
        input.skip_mark()?;
        input.skip_blank()?;
        input.recognise(delimiter)?;
        Ok(input)
    }

    /// Reads the next block, which is empty at the end.
    pub(super) fn read(&mut self, block: &mut Block) -> Result<(), Failure> {
        if let Some(first) = self.first.take() {
            *block = first;
            return Ok(());
        }
        block.clear();
        self.read_more(block)?;
        Ok(())
    }

    /// Adds the records of one read to a block. Returns whether there were any.
    pub(super) fn read_more(&mut self, block: &mut Block) -> Result<bool, Failure> {
        let before = block.len();
        while !block.is_full() {
            let needs_more = self.cut(block);
            block.end = self.position;
            if block.len() > before {
                return Ok(true);
            }
            if let Some(problem) = self.problem.take() {
                return Err(problem);
            }
            if needs_more && !self.fill()? {
                break;
            }
        }
        Ok(false)
    }

    /// Moves records to the block until it is full or needs more input. Returns whether it does.
    fn cut(&mut self, block: &mut Block) -> bool {
        while !block.is_full() && self.problem.is_none() {
            let text = &self.buffer[self.uncut.clone()];
            match self.splitter.split(text, self.is_end) {
                Ok(Some(piece)) if piece.length <= MAX_RECORD => {
                    if !piece.record.is_empty() {
                        block.push(self.line, &text[piece.record.clone()], &mut self.splitter);
                    }
                    self.advance(piece.length, piece.lines);
                }
                Ok(None) if text.len() <= MAX_RECORD => return true,
                Ok(_) => self.problem = Some(self.too_long(text, self.splitter.cell_start())),
                Err(malformed) => self.problem = Some(self.malformed(text, &malformed)),
            }
        }
        false
    }

    fn advance(&mut self, length: usize, lines: u64) {
        self.uncut.start += length;
        self.position += length as u64;
        self.line += lines;
    }

    /// Reads once. Returns whether the source went on.
    fn fill(&mut self) -> Result<bool, Failure> {
        if self.is_end {
            return Ok(false);
        }
        self.buffer.copy_within(self.uncut.clone(), 0);
        self.uncut = 0..self.uncut.len();
        if self.uncut.end < KEPT && self.buffer.len() > 2 * KEPT {
            self.buffer.truncate(KEPT);
            self.buffer.shrink_to_fit();
        }
        if self.buffer.len() < self.uncut.end + MAX_BYTES {
            // Doubling keeps a long record from being moved again and again.
            let length = (self.uncut.end + MAX_BYTES).max(self.uncut.end * 3 / 2);
            self.buffer.resize(length, 0);
        }
        let space = self.uncut.end..self.uncut.end + MAX_BYTES;
        let count = loop {
            match self.source.read(&mut self.buffer[space.clone()]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => break result?,
            }
        };
        self.uncut.end += count;
        self.is_end = count == 0;
        // At the end, the rest is cut once more.
        Ok(true)
    }

    /// Skips a byte order mark.
    fn skip_mark(&mut self) -> Result<(), Failure> {
        while self.uncut.len() < 4 && !self.is_end {
            self.fill()?;
        }
        let start = &self.buffer[self.uncut.clone()];
        let has_nul = start[..start.len().min(4)].contains(&0);
        if has_nul || start.starts_with(b"\xff\xfe") || start.starts_with(b"\xfe\xff") {
            return Err(utf_16().into());
        }
        self.has_mark = start.starts_with(BYTE_ORDER_MARK);
        if self.has_mark {
            self.advance(BYTE_ORDER_MARK.len(), 0);
        }
        Ok(())
    }

    /// Skips blank lines.
    fn skip_blank(&mut self) -> Result<(), Failure> {
        loop {
            let text = &self.buffer[self.uncut.clone()];
            let blank = text.len() - text.trim_ascii_start().len();
            let is_blank = blank == text.len() && !self.is_end;
            // A carriage return may be half of a line end.
            let lines = &text[..blank - usize::from(is_blank && text.ends_with(b"\r"))];
            let end = lines.iter().rposition(|byte| matches!(byte, b'\n' | b'\r'));
            let skipped = match end.map_or(0, |at| at + 1) {
                0 if is_blank && blank > MAX_BLANK => blank - 1,
                skipped => skipped,
            };
            self.advance(skipped, count_lines(&text[..skipped]));
            if !is_blank {
                return Ok(());
            }
            self.fill()?;
        }
    }

    /// Recognises the format by the first characters. `[` begins a JSON array if `{` or `]` follows.
    fn recognise(&mut self, delimiter: Option<u8>) -> Result<(), Failure> {
        loop {
            let text = self.buffer[self.uncut.clone()].trim_ascii_start();
            let after = text.strip_prefix(b"[").map(|text| text.trim_ascii_start().first());
            let (kind, splitter) = match (text.first(), after) {
                (Some(b'['), Some(None)) if !self.is_end && self.uncut.len() <= MAX_RECORD => {
                    self.fill()?;
                    continue;
                }
                (Some(b'['), Some(Some(b'{' | b']'))) => {
                    (Kind::JsonArray, Splitter::Array(Elements::default()))
                }
                (None | Some(b'{'), _) => (Kind::JsonLines, Splitter::Lines { searched: 0 }),
                _ => return self.read_header(delimiter),
            };
            (self.kind, self.splitter) = (kind, splitter);
            if delimiter.is_some() && !text.is_empty() {
                return Err("--delimiter is for CSV only; the input is JSON".to_owned().into());
            }
            return if kind == Kind::JsonLines { self.find_line_end() } else { Ok(()) };
        }
    }

    /// Finds what ends the first line of JSON lines.
    fn find_line_end(&mut self) -> Result<(), Failure> {
        loop {
            let text = &self.buffer[self.uncut.clone()];
            match memchr(b'\n', text) {
                Some(end) if text[..end].ends_with(b"\r") => self.line_end = "\r\n",
                None if !self.is_end && text.len() <= MAX_RECORD => {
                    self.fill()?;
                    continue;
                }
                _ => {}
            }
            return Ok(());
        }
    }

    /// Reads the header, and finds the delimiter in it if it isn't given.
    fn read_header(&mut self, delimiter: Option<u8>) -> Result<(), Failure> {
        let mut cells = Cells::new(delimiter.as_ref().map_or(b",;\t", std::slice::from_ref));
        let mut found = BTreeSet::new();
        let end = loop {
            let text = &self.buffer[self.uncut.clone()];
            match cells.next(text, self.is_end) {
                Ok(Some(cell)) if !cell.is_last => drop(found.insert(text[cell.raw.end])),
                Ok(Some(cell)) if self.is_end || text[cell.raw.end..] != *b"\r" => {
                    break cell.raw.end;
                }
                // A carriage return may be half of a line end.
                Ok(Some(_)) => {
                    cells.reset();
                    self.fill()?;
                }
                Ok(None) if text.len() > MAX_RECORD => {
                    return Err(self.too_long(text, cells.start()));
                }
                Ok(None) => drop(self.fill()?),
                Err(malformed) => return Err(self.malformed(text, &malformed)),
            }
        };
        let text = &self.buffer[self.uncut.clone()];
        let header = text[..end].to_vec();
        if header.contains(&0) {
            return Err(utf_16().into());
        }
        let delimiter = match found.into_iter().collect::<Vec<_>>()[..] {
            [] => delimiter.unwrap_or(b','),
            [delimiter] => delimiter,
            _ => {
                return Err(
                    "the header of the CSV has more than one of comma, semicolon and tab; \
                            pass the one that separates columns with --delimiter"
                        .to_owned()
                        .into(),
                );
            }
        };
        let end_of_line = end + line_end(&text[end..]);
        self.line_end = match &text[end..end_of_line] {
            b"\r\n" => "\r\n",
            b"\r" => "\r",
            _ => "\n",
        };
        self.header = Some(header);
        self.advance(end_of_line, count_lines(&text[..end_of_line]));
        self.kind = Kind::Csv(delimiter);
        self.splitter = Splitter::csv(delimiter);
        Ok(())
    }

    /// The last cell of the record begins at `start`.
    fn too_long(&self, text: &[u8], start: usize) -> Failure {
        Failure::Usage(format!(
            "line {}: a record of more than 16 MiB begins or continues here; is a quote not \
             closed?",
            self.line + count_lines(text.get(..start).unwrap_or_default())
        ))
    }

    fn malformed(&self, text: &[u8], Malformed { at, problem }: &Malformed) -> Failure {
        Failure::Usage(format!("line {}: {problem}", self.line + count_lines(&text[..*at])))
    }
}

fn open_file(path: &Path) -> io::Result<(Box<dyn Read + Send>, Option<u64>)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((Box::new(file), metadata.is_file().then_some(metadata.len())))
}

fn utf_16() -> String {
    "the input is UTF-16, not UTF-8; convert it, for example with `iconv -f UTF-16 -t UTF-8`"
        .to_owned()
}
