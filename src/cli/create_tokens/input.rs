//! The records: CSV or JSON lines, read in blocks.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use csv::ByteRecord;

use crate::cli::Failure;

/// The longest record, in bytes: an unclosed quote must not swallow a whole file.
const MAX_RECORD: u64 = 16 << 20;

/// Bytes of a block, about, and the most records in it.
const BLOCK_BYTES: u64 = 1 << 20;
const BLOCK_RECORDS: usize = 16 << 10;

/// Bytes of room kept from one record to the next.
const KEPT: usize = 64 << 10;

/// Bytes asked of one `read`.
const BUFFER: usize = 256 << 10;

/// What is read from.
pub(super) struct Input {
    records: Records,
    /// Bytes in the file, where it is one.
    length: Option<u64>,
}

enum Records {
    Csv { reader: csv::Reader<Source>, columns: Vec<String>, bounds: Bounds },
    JsonLines { reader: Source, line: u64, bounds: Bounds },
    Empty,
}

type Source = BufReader<Bounded>;

/// Some records in a row.
#[derive(Default)]
pub(super) struct Block {
    records: Vec<Record>,
    len: usize,
    /// Bytes of the input up to the end of the block.
    end: u64,
}

/// A record, and the line that it begins in, from 1.
pub(super) struct Record {
    pub(super) line: u64,
    pub(super) content: Content,
}

pub(super) enum Content {
    Csv(ByteRecord),
    JsonLine(Vec<u8>),
}

impl Content {
    /// Whether its room is more than is kept for the next record.
    fn is_large(&self) -> bool {
        match self {
            Self::Csv(record) => record.as_slice().len() > KEPT,
            Self::JsonLine(line) => line.capacity() > KEPT,
        }
    }
}

impl Input {
    /// Opens a file or stdin, and looks at its first bytes: JSON lines begin with `{`.
    pub(super) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let mut length = None;
        let source: Box<dyn Read + Send> = match path.filter(|path| path.as_os_str() != "-") {
            None => Box::new(io::stdin()),
            Some(path) => {
                let file = File::open(path).and_then(|file| {
                    let metadata = file.metadata()?;
                    if metadata.is_dir() {
                        return Err(io::ErrorKind::IsADirectory.into());
                    }
                    length = metadata.is_file().then_some(metadata.len());
                    Ok(file)
                });
                Box::new(file.map_err(|error| {
                    Failure::Usage(format!("cannot read {}: {error}", path.display()))
                })?)
            }
        };
        let bounds = Bounds::default();
        bounds.begin_record();
        let source = Bounded { source, bounds: bounds.clone() };
        let mut reader = BufReader::with_capacity(BUFFER, source);
        let first = skip_to_first_byte(&mut reader)?;
        let records = match first {
            None => Records::Empty,
            Some((b'{', line)) => Records::JsonLines { reader, line, bounds },
            Some(_) => csv_records(reader, bounds)?,
        };
        Ok(Self { records, length })
    }

    /// Bytes in the file, where it is one.
    pub(super) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The columns of CSV.
    pub(super) fn columns(&self) -> Option<&[String]> {
        match &self.records {
            Records::Csv { columns, .. } => Some(columns),
            _ => None,
        }
    }

    /// Fills a block; leaves it empty at the end.
    pub(super) fn read(&mut self, block: &mut Block) -> Result<(), Failure> {
        block.clear();
        match &mut self.records {
            Records::Empty => Ok(()),
            Records::Csv { reader, bounds, .. } => read_csv(reader, bounds, block),
            Records::JsonLines { reader, line, bounds } => {
                read_json_lines(reader, line, bounds, block)
            }
        }
    }
}

impl Block {
    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn records(&self) -> &[Record] {
        &self.records[..self.len]
    }

    /// Bytes of the input up to here.
    pub(super) fn end(&self) -> u64 {
        self.end
    }

    fn is_full(&self, bytes: u64) -> bool {
        self.len == BLOCK_RECORDS || bytes >= BLOCK_BYTES
    }

    /// Room for a record, of the kind that `new` makes, where there is none to be used again.
    fn next(&mut self, new: fn() -> Content) -> &mut Record {
        if self.len == self.records.len() {
            self.records.push(Record { line: 0, content: new() });
        }
        let record = &mut self.records[self.len];
        if record.content.is_large() {
            record.content = new();
        }
        record
    }
}

fn csv_records(reader: Source, bounds: Bounds) -> Result<Records, Failure> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(reader);
    let header = reader.byte_headers().map_err(|error| failure(&error, 1))?;
    let columns: Result<Vec<String>, _> =
        header.iter().map(|name| String::from_utf8(name.to_vec())).collect();
    let columns =
        columns.map_err(|_| Failure::Usage("the header of the CSV is not UTF-8".to_owned()))?;
    Ok(Records::Csv { reader, columns, bounds })
}

fn read_csv(
    reader: &mut csv::Reader<Source>,
    bounds: &Bounds,
    block: &mut Block,
) -> Result<(), Failure> {
    let start = reader.position().byte();
    loop {
        let line = reader.position().line();
        bounds.begin_record();
        let record = block.next(|| Content::Csv(ByteRecord::new()));
        let Content::Csv(content) = &mut record.content else { return Ok(()) };
        if !reader.read_byte_record(content).map_err(|error| failure(&error, line))? {
            break;
        }
        record.line = content.position().map_or(line, csv::Position::line);
        block.len += 1;
        if block.is_full(reader.position().byte() - start) {
            break;
        }
    }
    block.end = reader.position().byte();
    Ok(())
}

fn read_json_lines(
    reader: &mut Source,
    number: &mut u64,
    bounds: &Bounds,
    block: &mut Block,
) -> Result<(), Failure> {
    let mut bytes = 0;
    while !block.is_full(bytes) {
        bounds.begin_record();
        let line = *number;
        let record = block.next(|| Content::JsonLine(Vec::new()));
        let Content::JsonLine(text) = &mut record.content else { break };
        text.clear();
        let length = reader.read_until(b'\n', text).map_err(|error| io_failure(error, line))?;
        if length == 0 {
            break;
        }
        *number += 1;
        bytes += length as u64;
        record.line = line;
        if !text.trim_ascii().is_empty() {
            block.len += 1;
        }
    }
    block.end += bytes;
    Ok(())
}

/// Passes over a byte order mark and blank lines; the byte that then comes, and in which line.
fn skip_to_first_byte(reader: &mut Source) -> Result<Option<(u8, u64)>, Failure> {
    const BOM: &[u8] = b"\xef\xbb\xbf";
    let mut line = 1;
    if reader.fill_buf()?.starts_with(BOM) {
        reader.consume(BOM.len());
    }
    loop {
        match reader.fill_buf()?.first() {
            None => return Ok(None),
            Some(b'\n') => line += 1,
            Some(b'\r' | b' ' | b'\t') => {}
            Some(first) => return Ok(Some((*first, line))),
        }
        reader.consume(1);
    }
}

fn failure(error: &csv::Error, line: u64) -> Failure {
    match error.kind() {
        csv::ErrorKind::Io(error) => {
            io_failure(io::Error::new(error.kind(), error.to_string()), line)
        }
        _ => Failure::Negative(Some(format!("line {line}: {error}"))),
    }
}

fn io_failure(error: io::Error, line: u64) -> Failure {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Failure::Negative(Some(format!(
            "line {line}: a record of more than 16 MiB begins here; is a quote not closed?"
        ))),
        _ => Failure::Io(error),
    }
}

/// How many bytes may still be read while the record that was begun is not complete; what was
/// buffered before does not count.
#[derive(Clone, Default)]
struct Bounds(Arc<AtomicU64>);

impl Bounds {
    fn begin_record(&self) {
        self.0.store(MAX_RECORD, Ordering::Relaxed);
    }
}

/// Fails when a record is too long.
struct Bounded {
    source: Box<dyn Read + Send>,
    bounds: Bounds,
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.bounds.0.load(Ordering::Relaxed);
        let length = self.source.read(buffer)?;
        if length as u64 > left && left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.bounds.0.store(left.saturating_sub(length as u64), Ordering::Relaxed);
        Ok(length)
    }
}
