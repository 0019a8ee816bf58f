//! The input: CSV or JSON lines, from a file or stdin, read in blocks.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read, Take};
use std::ops::Range;
use std::path::Path;

use csv::{ByteRecord, Position, StringRecord};

use super::fields::{Field, read_fields};
use crate::cli::failure::Failure;

/// Bytes of input in a block, and records in it. Either fills a block. Larger blocks take more
/// memory in each thread, and smaller ones more switches between threads.
const MAX_BYTES: u64 = 256 << 10;
const MAX_RECORDS: usize = 2 << 10;

/// Bytes of a buffer kept for the next block: a row's, and that of all lines.
const KEPT_ROW: usize = 64 << 10;
const KEPT_TEXT: usize = 1 << 20;

/// Bytes of a buffer: what one `read` asks for.
const BUFFER: usize = 64 << 10;

/// The longest record with its line end, in bytes. The limit keeps an unclosed quote from swallowing
/// a whole file.
const MAX_RECORD: u64 = (16 << 20) + 2;

/// How many bytes are read for one record. A record that takes them all is too long, since at most
/// a buffer of them belongs to the records after it.
const MAX_READ: u64 = MAX_RECORD + BUFFER as u64;

/// A record of the input.
pub(super) enum Record<'a> {
    /// A row of CSV.
    Row(&'a ByteRecord),
    /// A line of JSON, with its fields or what is wrong with it.
    Line(&'a [u8], Result<Vec<Field<'a>>, String>),
}

/// Consecutive records: what one worker reads and answers at a time. Buffers are reused.
#[derive(Default)]
pub(super) struct Block {
    rows: Vec<ByteRecord>,
    /// Rows of earlier blocks, to be reused.
    spare_rows: Vec<ByteRecord>,
    /// All lines.
    text: Vec<u8>,
    /// The number of each line, from 1, and its place in `text`. Blank lines are left out.
    lines: Vec<(u64, Range<usize>)>,
    /// Where the block ends, in bytes from the start of the input.
    pub(super) end: u64,
}

impl Block {
    fn clear(&mut self) {
        let is_kept = |row: &ByteRecord| row.as_slice().len() <= KEPT_ROW;
        self.spare_rows.extend(self.rows.drain(..).filter(is_kept));
        self.text.clear();
        self.text.shrink_to(KEPT_TEXT);
        self.lines.clear();
    }

    /// How many records there are.
    pub(super) fn len(&self) -> usize {
        self.rows.len() + self.lines.len()
    }

    /// Whether the block is full with this many bytes of input.
    fn is_full(&self, bytes: u64) -> bool {
        self.len() == MAX_RECORDS || bytes >= MAX_BYTES
    }

    /// The records, and the numbers of the lines in which they begin.
    pub(super) fn records(&self) -> impl Iterator<Item = (u64, Record<'_>)> {
        let rows = self.rows.iter();
        let rows = rows.map(|row| (row.position().map_or(0, Position::line), Record::Row(row)));
        let lines = self.lines.iter().map(|(number, range)| {
            let line = &self.text[range.clone()];
            (*number, Record::Line(line, read_fields(line)))
        });
        rows.chain(lines)
    }
}

/// The source of records.
pub(super) struct Input {
    records: Records,
    /// The header of CSV.
    pub(super) header: Option<StringRecord>,
    /// Bytes in the file, if it is one.
    pub(super) length: Option<u64>,
    /// The first block, if it was read ahead: [`Input::read`] returns it again.
    pub(super) first: Option<Block>,
}

enum Records {
    Csv(csv::Reader<Source>),
    JsonLines {
        source: Source,
        /// The number of the next line, from 1.
        next_line: u64,
        /// Bytes read so far.
        position: u64,
    },
}

/// Ends when a record takes more than [`MAX_READ`].
type Source = BufReader<Take<Box<dyn Read + Send>>>;

impl Input {
    /// Opens a file, or stdin without a path or with `-`. Input that begins with `{` is JSON lines.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the file can't be read or the header isn't UTF-8.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let (source, length) = match path.filter(|path| path.as_os_str() != "-") {
            None => (Box::new(io::stdin()) as Box<dyn Read + Send>, None),
            Some(path) => open_file(path)
                .map_err(|error| format!("cannot read {}: {error}", path.display()))?,
        };
        let mut source = BufReader::with_capacity(BUFFER, source.take(MAX_READ));
        let (first_byte, next_line) = skip_to_first_byte(&mut source)?;
        let (records, header) = match first_byte {
            None | Some(b'{') => (Records::JsonLines { source, next_line, position: 0 }, None),
            Some(_) => open_csv(source)?,
        };
        Ok(Self { records, header, length, first: None })
    }

    /// Reads the next block, which is empty at the end.
    pub(super) fn read(&mut self, block: &mut Block) -> Result<(), Failure> {
        if let Some(first) = self.first.take() {
            *block = first;
            return Ok(());
        }
        block.clear();
        match &mut self.records {
            Records::Csv(reader) => read_rows(reader, block),
            Records::JsonLines { source, next_line, position } => {
                read_lines(source, next_line, position, block)
            }
        }
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

/// Skips a byte order mark and blank lines. Returns the next byte and the number of its line.
fn skip_to_first_byte(source: &mut Source) -> io::Result<(Option<u8>, u64)> {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    if source.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        source.consume(BYTE_ORDER_MARK.len());
    }
    let mut line = 1;
    loop {
        source.get_mut().set_limit(MAX_READ);
        match source.fill_buf()?.first() {
            Some(b'\n') => line += 1,
            Some(b'\r' | b' ' | b'\t') => {}
            first => return Ok((first.copied(), line)),
        }
        source.consume(1);
    }
}

/// Reads the header.
fn open_csv(source: Source) -> Result<(Records, Option<StringRecord>), Failure> {
    // With a buffer as large as that of `source`, reads pass `source` by.
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.flexible(true).buffer_capacity(BUFFER).from_reader(source);
    let header = reader.byte_headers().map_err(io::Error::from)?.clone();
    check_length(reader.get_ref(), 1, reader.position().byte())?;
    let header = StringRecord::from_byte_record(header)
        .map_err(|_| "the header of the CSV is not UTF-8".to_owned())?;
    Ok((Records::Csv(reader), Some(header)))
}

fn read_rows(reader: &mut csv::Reader<Source>, block: &mut Block) -> Result<(), Failure> {
    let start = reader.position().byte();
    while !block.is_full(reader.position().byte() - start) {
        let before = reader.position().clone();
        reader.get_mut().get_mut().set_limit(MAX_READ);
        let mut row = block.spare_rows.pop().unwrap_or_default();
        let is_row = reader.read_byte_record(&mut row).map_err(io::Error::from)?;
        let length = reader.position().byte() - before.byte();
        check_length(reader.get_ref(), before.line(), length)?;
        if !is_row {
            break;
        }
        block.rows.push(row);
    }
    block.end = reader.position().byte();
    Ok(())
}

fn read_lines(
    source: &mut Source,
    next_line: &mut u64,
    position: &mut u64,
    block: &mut Block,
) -> Result<(), Failure> {
    while !block.is_full(block.text.len() as u64) {
        let start = block.text.len();
        source.get_mut().set_limit(MAX_READ);
        let length = source.read_until(b'\n', &mut block.text)? as u64;
        check_length(source, *next_line, length)?;
        if length == 0 {
            break;
        }
        if block.text[start..].trim_ascii().is_empty() {
            block.text.truncate(start);
        } else {
            block.lines.push((*next_line, start..block.text.len()));
        }
        *next_line += 1;
        *position += length;
    }
    block.end = *position;
    Ok(())
}

/// Fails if the record of `length` bytes that begins in this line is too long.
fn check_length(source: &Source, line: u64, length: u64) -> Result<(), Failure> {
    if source.get_ref().limit() > 0 && length <= MAX_RECORD {
        return Ok(());
    }
    Err(Failure::Negative(Some(format!(
        "line {line}: a record of more than 16 MiB begins here; is a quote not closed?"
    ))))
}
