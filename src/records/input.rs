//! The input: CSV or JSON lines, from a file or stdin.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use super::block::Block;
use crate::cli::failure::Failure;

/// The longest record, in bytes. It keeps an unclosed quote from swallowing a whole file.
const MAX_RECORD: u64 = 16 << 20;

/// Bytes of a buffer: what one `read` asks for.
const BUFFER: usize = 64 << 10;

/// The source of records.
pub(crate) struct Input {
    records: Records,
    /// Bytes in the file, if it is one.
    length: Option<u64>,
    /// The first block, if it was read ahead.
    first: Option<Block>,
}

enum Records {
    Csv { reader: csv::Reader<Source>, header: Vec<String> },
    JsonLines(JsonLines),
    Empty,
}

struct JsonLines {
    reader: Source,
    /// The number of the next line, from 1.
    next_line: u64,
    /// Bytes read so far.
    position: u64,
}

type Source = BufReader<Bounded>;

impl Input {
    /// Opens a file, or stdin without a path or with `-`. Input that begins with `{` is JSON lines.
    ///
    /// # Errors
    /// [`Failure::Usage`] if the file can't be read or the header isn't UTF-8.
    pub(crate) fn open(path: Option<&Path>) -> Result<Self, Failure> {
        let (source, length): (Box<dyn Read + Send>, _) =
            match path.filter(|path| path.as_os_str() != "-") {
                None => (Box::new(io::stdin()), None),
                Some(path) => {
                    let (file, length) = open_file(path).map_err(|error| {
                        Failure::Usage(format!("cannot read {}: {error}", path.display()))
                    })?;
                    (Box::new(file), length)
                }
            };
        let mut reader = BufReader::with_capacity(BUFFER, Bounded { source, left: MAX_RECORD });
        let records = match skip_to_first_byte(&mut reader)? {
            None => Records::Empty,
            Some((b'{', next_line)) => {
                Records::JsonLines(JsonLines { reader, next_line, position: 0 })
            }
            Some(_) => open_csv(reader)?,
        };
        Ok(Self { records, length, first: None })
    }

    /// Bytes in the file, if it is one.
    pub(crate) fn length(&self) -> Option<u64> {
        self.length
    }

    /// The header of CSV.
    pub(super) fn header(&self) -> Option<&[String]> {
        match &self.records {
            Records::Csv { header, .. } => Some(header),
            _ => None,
        }
    }

    /// Reads the first block ahead: [`Input::read`] returns it again.
    pub(super) fn read_ahead(&mut self) -> Result<&Block, Failure> {
        let mut block = Block::default();
        self.read(&mut block)?;
        Ok(self.first.insert(block))
    }

    /// Reads the next block, which is empty at the end.
    pub(super) fn read(&mut self, block: &mut Block) -> Result<(), Failure> {
        if let Some(first) = self.first.take() {
            *block = first;
            return Ok(());
        }
        block.clear();
        match &mut self.records {
            Records::Empty => Ok(()),
            Records::Csv { reader, .. } => read_rows(reader, block),
            Records::JsonLines(input) => read_lines(input, block),
        }
    }
}

fn open_file(path: &Path) -> io::Result<(File, Option<u64>)> {
    let file = File::open(path)?;
    let metadata = file.metadata()?;
    if metadata.is_dir() {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    Ok((file, metadata.is_file().then_some(metadata.len())))
}

/// Skips a byte order mark and blank lines. Returns the next byte and the number of its line.
fn skip_to_first_byte(reader: &mut Source) -> io::Result<Option<(u8, u64)>> {
    const BYTE_ORDER_MARK: &[u8] = "\u{feff}".as_bytes();
    if reader.fill_buf()?.starts_with(BYTE_ORDER_MARK) {
        reader.consume(BYTE_ORDER_MARK.len());
    }
    let mut line = 1;
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

fn open_csv(reader: Source) -> Result<Records, Failure> {
    // With a buffer as large as that of `reader`, reads pass `reader` by.
    let mut builder = csv::ReaderBuilder::new();
    let mut reader = builder.flexible(true).buffer_capacity(BUFFER).from_reader(reader);
    let header = reader.byte_headers().map_err(|error| csv_error(error, 1))?;
    let header: Result<Vec<_>, _> =
        header.iter().map(|name| String::from_utf8(name.to_vec())).collect();
    let header =
        header.map_err(|_| Failure::Usage("the header of the CSV is not UTF-8".to_owned()))?;
    Ok(Records::Csv { reader, header })
}

fn read_rows(reader: &mut csv::Reader<Source>, block: &mut Block) -> Result<(), Failure> {
    let start = reader.position().byte();
    while !block.is_full(reader.position().byte() - start) {
        let line = reader.position().line();
        reader.get_mut().get_mut().begin_record();
        let row = block.spare_row();
        if !reader.read_byte_record(row).map_err(|error| csv_error(error, line))? {
            break;
        }
        block.push_row();
    }
    block.end = reader.position().byte();
    Ok(())
}

fn read_lines(input: &mut JsonLines, block: &mut Block) -> Result<(), Failure> {
    while !block.is_full(block.text.len() as u64) {
        let (line, start) = (input.next_line, block.text.len());
        input.reader.get_mut().begin_record();
        let length = input
            .reader
            .read_until(b'\n', &mut block.text)
            .map_err(|error| read_error(error, line))?;
        if length == 0 {
            break;
        }
        input.next_line += 1;
        input.position += length as u64;
        if block.text[start..].trim_ascii().is_empty() {
            block.text.truncate(start);
        } else {
            block.lines.push((line, start..block.text.len()));
        }
    }
    block.end = input.position;
    Ok(())
}

fn csv_error(error: csv::Error, line: u64) -> Failure {
    let message = format!("line {line}: {error}");
    match error.into_kind() {
        csv::ErrorKind::Io(error) => read_error(error, line),
        _ => Failure::Negative(Some(message)),
    }
}

fn read_error(error: io::Error, line: u64) -> Failure {
    match error.kind() {
        io::ErrorKind::FileTooLarge => Failure::Negative(Some(format!(
            "line {line}: a record of more than 16 MiB begins here; is a quote not closed?"
        ))),
        _ => Failure::Io(error),
    }
}

/// Fails with [`io::ErrorKind::FileTooLarge`] when a record is too long. Bytes that a buffer
/// already holds when the record begins don't count.
struct Bounded {
    source: Box<dyn Read + Send>,
    /// How many bytes the record may still take.
    left: u64,
}

impl Bounded {
    fn begin_record(&mut self) {
        self.left = MAX_RECORD;
    }
}

impl Read for Bounded {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.source.read(buffer)?;
        if length > 0 && self.left == 0 {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.left = self.left.saturating_sub(length as u64);
        Ok(length)
    }
}
