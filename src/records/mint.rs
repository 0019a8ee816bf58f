//! From a record to its token.

use csv::ByteRecord;
use dstok::sidecar::methods::{Defaults, Session, create_token};
use pyjson::RawValue;

use super::cells::read_cell;
use super::fields::Field;
use super::input::Record;
use super::layout::{ERROR, Format, Layout, TOKEN, is_parameter};

/// How many containers are open around a parameter in a request to `serve`: the request and its
/// `params`. A parameter of a record may be nested as deep as one in a request.
const DEPTH_IN_REQUEST: usize = 2;

/// How records become tokens.
pub(crate) struct Options<'a> {
    /// For the parameters that a record leaves out.
    pub(crate) defaults: Defaults<'a>,
    /// The format of the output. By default that of the input.
    pub(crate) format: Option<Format>,
    /// Whether the first record that fails ends the run.
    pub(crate) fail_fast: bool,
    /// What the audit log says made the tokens.
    pub(crate) made_by: &'static str,
}

/// Mints the tokens of records.
pub(super) struct Minter<'a> {
    pub(super) session: Session,
    pub(super) options: &'a Options<'a>,
    pub(super) layout: &'a Layout,
    /// The last token.
    pub(super) token: Vec<u8>,
}

impl Minter<'_> {
    /// Mints the token of a record.
    ///
    /// # Errors
    /// Why it has none.
    pub(super) fn mint(&mut self, record: &Record<'_>) -> Result<&[u8], String> {
        match record {
            Record::Row(row) => self.mint_row(row)?,
            Record::Line(_, fields) => self.mint_fields(fields.as_ref().map_err(String::clone)?)?,
        }
        Ok(&self.token)
    }

    fn mint_row(&mut self, row: &ByteRecord) -> Result<(), String> {
        let columns = &self.layout.columns;
        if row.len() != columns.len() {
            let (found, expected) = (row.len(), columns.len());
            return Err(format!("has {found} columns where the header has {expected}"));
        }
        let mut fields = Vec::with_capacity(columns.len());
        for (column, cell) in columns.iter().zip(row).filter(|(column, _)| column.is_parameter) {
            let name = &column.name;
            match read_cell(name, cell).map_err(|problem| format!("{name} {problem}"))? {
                Some(field) => fields.push(field),
                None if name == "actor_id" => return Err("actor_id is empty".to_owned()),
                None => {}
            }
        }
        self.create_token(fields.iter())
    }

    fn mint_fields(&mut self, fields: &[Field<'_>]) -> Result<(), String> {
        for (at, Field { name, .. }) in fields.iter().enumerate() {
            if [TOKEN, ERROR].contains(&&**name) {
                return Err(format!("has a member {name:?} already, which create-tokens adds"));
            }
            if self.layout.format == Format::Csv {
                if !self.layout.columns.iter().any(|column| column.name == *name) {
                    return Err(format!(
                        "has a member {name:?} that the first record has not; CSV needs the same \
                         columns in all records"
                    ));
                }
                if fields[..at].iter().any(|before| before.name == *name) {
                    return Err(format!("{name} is given twice"));
                }
            }
        }
        self.create_token(fields.iter().filter(|field| is_parameter(&field.name)))
    }

    fn create_token<'f>(
        &mut self,
        fields: impl Iterator<Item = &'f Field<'f>>,
    ) -> Result<(), String> {
        let parameters = fields.map(|Field { name, json, depth }| {
            (&**name, RawValue { text: json, depth: depth + DEPTH_IN_REQUEST })
        });
        let Options { defaults, made_by, .. } = self.options;
        self.token.clear();
        create_token(&mut self.session, parameters, defaults, made_by, &mut self.token)
            .map_err(|failure| failure.message.into_owned())
    }
}
