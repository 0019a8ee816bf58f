//! From records to tokens.

use std::borrow::Cow;
use std::ops::Range;

use csv::ByteRecord;

use super::input::{Block, Content};
use super::output::{ERROR, Format, Layout, TOKEN};
use super::{NAME, cells};
use dstok::methods::{self, Defaults, Session, is_create_token_parameter};
use dstok::pyjson::{Kind, Scanner, write_string};

/// Works on the records of one piece after the other.
pub(super) struct Worker {
    session: Session,
    fail_fast: bool,
    /// What the piece became.
    bytes: Vec<u8>,
    /// The same while CSV is written.
    out: csv::Writer<Vec<u8>>,
    records: u64,
    errors: Vec<String>,
    token: Vec<u8>,
}

/// A member of a record: its name, its JSON text, how many containers are open in it at most.
type Member<'a> = (Cow<'a, str>, &'a str, usize);

impl Worker {
    pub(super) fn new(session: Session, fail_fast: bool) -> Self {
        Self {
            session,
            fail_fast,
            out: csv::Writer::from_writer(Vec::new()),
            bytes: Vec::new(),
            records: 0,
            errors: Vec::new(),
            token: Vec::new(),
        }
    }

    /// Lines for people about the records that failed.
    pub(super) fn errors(&self) -> impl Iterator<Item = &str> {
        self.errors.iter().map(String::as_str)
    }

    pub(super) fn failed(&self) -> bool {
        !self.errors.is_empty()
    }

    pub(super) fn records(&self) -> u64 {
        self.records
    }

    pub(super) fn output(&self) -> &[u8] {
        &self.bytes
    }

    /// Makes tokens for some records of a block.
    pub(super) fn work(
        &mut self,
        layout: &Layout,
        defaults: &Defaults<'_>,
        block: &Block,
        range: Range<usize>,
    ) {
        self.bytes.clear();
        if layout.format == Format::Csv {
            self.out = csv::Writer::from_writer(std::mem::take(&mut self.bytes));
        }
        self.errors.clear();
        self.records = 0;
        self.session.clock.go_on();
        for record in &block.records()[range] {
            self.records += 1;
            self.token.clear();
            let error = match &record.content {
                Content::Csv(cells) => {
                    let error = self.of_cells(layout, defaults, cells).err();
                    self.write_cells(layout, cells, error.as_deref());
                    error
                }
                Content::JsonLine(line) => {
                    let (members, error) = match members(line) {
                        Ok(members) => {
                            let error = self.of_members(layout, defaults, &members).err();
                            (Some(members), error)
                        }
                        Err(reason) => (None, Some(reason)),
                    };
                    self.write_line(layout, line, members.as_deref(), error.as_deref());
                    error
                }
            };
            if let Some(reason) = error {
                self.errors.push(format!("line {}: {reason}", record.line));
                if self.fail_fast {
                    break;
                }
            }
        }
        if layout.format == Format::Csv {
            let out = std::mem::replace(&mut self.out, csv::Writer::from_writer(Vec::new()));
            self.bytes = out.into_inner().unwrap_or_default();
        }
        self.session.datasette.shrink();
    }

    fn of_cells(
        &mut self,
        layout: &Layout,
        defaults: &Defaults<'_>,
        cells: &ByteRecord,
    ) -> Result<(), String> {
        if cells.len() != layout.columns.len() {
            return Err(format!(
                "has {} columns where the header has {}",
                cells.len(),
                layout.columns.len()
            ));
        }
        let mut values = Vec::new();
        for (column, cell) in layout.columns.iter().zip(cells).filter(|(c, _)| c.is_parameter) {
            let json = cells::read(&column.name, cell);
            match json.map_err(|reason| format!("{} {reason}", column.name))? {
                Some((text, depth)) => values.push((column.name.as_str(), text, depth)),
                None if column.name == "actor_id" => return Err("actor_id is empty".to_owned()),
                None => {}
            }
        }
        let members = values.iter().map(|(name, text, depth)| (*name, text.as_str(), *depth));
        methods::create_token(&mut self.session, members, defaults, NAME, &mut self.token)
            .map_err(|failure| failure.message)
    }

    fn of_members(
        &mut self,
        layout: &Layout,
        defaults: &Defaults<'_>,
        members: &[Member<'_>],
    ) -> Result<(), String> {
        for (at, (name, ..)) in members.iter().enumerate() {
            if [TOKEN, ERROR].contains(&&**name) {
                return Err(format!("has a member {name:?} already, which create-tokens adds"));
            }
            if layout.format == Format::Csv {
                if !layout.columns.iter().any(|column| column.name == *name) {
                    return Err(format!(
                        "has a member {name:?} that the first record has not; CSV needs the same \
                         columns in all records"
                    ));
                }
                if members[..at].iter().any(|(before, ..)| before == name) {
                    return Err(format!("{name} is given twice"));
                }
            }
        }
        let given = members.iter().filter(|(name, ..)| is_create_token_parameter(name.as_bytes()));
        let given = given.map(|(name, text, depth)| (&**name, *text, *depth));
        methods::create_token(&mut self.session, given, defaults, NAME, &mut self.token)
            .map_err(|failure| failure.message)
    }

    fn write_cells(&mut self, layout: &Layout, cells: &ByteRecord, error: Option<&str>) {
        match layout.format {
            Format::Tokens => self.write_token(error),
            Format::Csv => {
                // A record that is too short or too long keeps the columns where they are.
                let padding = std::iter::repeat_n(&b""[..], layout.columns.len());
                let cells = cells.iter().chain(padding).take(layout.columns.len());
                self.write_csv(cells, error);
            }
            Format::Jsonl => {
                self.bytes.push(b'{');
                for (column, cell) in layout.columns.iter().zip(cells) {
                    self.bytes.extend_from_slice(&column.key);
                    write_string(&mut self.bytes, &String::from_utf8_lossy(cell));
                    self.bytes.push(b',');
                }
                self.end_json(error);
            }
        }
    }

    /// Without `members` the line is no record.
    fn write_line(
        &mut self,
        layout: &Layout,
        line: &[u8],
        members: Option<&[Member<'_>]>,
        error: Option<&str>,
    ) {
        match layout.format {
            Format::Tokens => self.write_token(error),
            Format::Csv => {
                let members = members.unwrap_or_default();
                let cells: Vec<Cow<'_, str>> = layout
                    .columns
                    .iter()
                    .map(|column| {
                        let member = members.iter().find(|(name, ..)| *name == column.name);
                        member.map_or(Cow::Borrowed(""), |(_, text, _)| cell(text))
                    })
                    .collect();
                self.write_csv(cells.iter().map(|cell| cell.as_bytes()), error);
            }
            Format::Jsonl => {
                match members {
                    // As it was written, up to its end.
                    Some(members) => {
                        let text = line.trim_ascii();
                        let text = text[..text.len() - 1].trim_ascii_end();
                        self.bytes.extend_from_slice(text);
                        if !members.is_empty() {
                            self.bytes.push(b',');
                        }
                    }
                    None => self.bytes.push(b'{'),
                }
                self.end_json(error);
            }
        }
    }

    fn write_token(&mut self, error: Option<&str>) {
        if error.is_none() {
            self.bytes.extend_from_slice(&self.token);
        }
        self.bytes.push(b'\n');
    }

    fn write_csv<'c>(&mut self, cells: impl Iterator<Item = &'c [u8]>, error: Option<&str>) {
        let token = if error.is_none() { &self.token[..] } else { b"" };
        let cells = cells.map(|cell| self.out.write_field(cell));
        // Writing to memory does not fail.
        let _ = cells.collect::<Result<(), _>>();
        let _ = self.out.write_record([token, error.unwrap_or_default().as_bytes()]);
    }

    fn end_json(&mut self, error: Option<&str>) {
        match error {
            None => {
                self.bytes.extend_from_slice(br#""token":""#);
                self.bytes.extend_from_slice(&self.token);
                self.bytes.extend_from_slice(b"\"}\n");
            }
            Some(error) => {
                self.bytes.extend_from_slice(br#""token":null,"error":"#);
                write_string(&mut self.bytes, error);
                self.bytes.extend_from_slice(b"}\n");
            }
        }
    }
}

/// The members of a record of JSON lines.
fn members(line: &[u8]) -> Result<Vec<Member<'_>>, String> {
    let text = std::str::from_utf8(line.trim_ascii()).map_err(|_| "is not UTF-8")?;
    let mut scanner = Scanner::new(text);
    let mut members = Vec::new();
    let mut read = || -> Result<bool, dstok::pyjson::Error> {
        if scanner.peek_kind()? != Kind::Object {
            return Ok(false);
        }
        scanner.begin_object()?;
        while let Some(key) = scanner.next_key(members.is_empty())? {
            let (value, depth) = scanner.raw_value()?;
            let name = key.to_wtf8();
            let name = match name {
                Cow::Borrowed(name) => String::from_utf8_lossy(name),
                Cow::Owned(name) => Cow::Owned(String::from_utf8_lossy(&name).into_owned()),
            };
            members.push((name, value, depth));
        }
        scanner.end()?;
        Ok(true)
    };
    match read() {
        Ok(true) => Ok(members),
        Ok(false) => Err("must be an object with the parameters of create_token".to_owned()),
        Err(error) => Err(format!("is not valid JSON (byte {})", error.offset() + 1)),
    }
}

/// A value of JSON as a cell: strings as they are, null as nothing, anything else as JSON.
fn cell(text: &str) -> Cow<'_, str> {
    let mut scanner = Scanner::new(text);
    match scanner.peek_kind() {
        Ok(Kind::String) => match scanner.string().and_then(|string| string.to_str()) {
            Ok(string) => Cow::Owned(string.into_owned()),
            Err(_) => Cow::Borrowed(text),
        },
        Ok(Kind::Null) => Cow::Borrowed(""),
        _ => Cow::Borrowed(text),
    }
}
