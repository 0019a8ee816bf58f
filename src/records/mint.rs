//! From a record to its token.

use csv::ByteRecord;
use dstok::sidecar::methods::{Session, create_token};
use pyjson::RawValue;

use super::cells::read_cell;
use super::columns::{ERROR, TOKEN, is_parameter};
use super::fields::Field;
use super::layout::{Format, Layout};
use super::options::Options;

/// How many containers are open around a parameter in a request to `serve`: the request and its
/// `params`. A parameter of a record may be nested as deep as one in a request.
const DEPTH_IN_REQUEST: usize = 2;

/// A record's token, or why it has none.
pub(super) type Outcome<'a> = Result<&'a [u8], String>;

/// Mints the tokens of records.
pub(super) struct Minter<'a> {
    session: Session,
    options: &'a Options<'a>,
    layout: &'a Layout,
    token: Vec<u8>,
}

impl<'a> Minter<'a> {
    pub(super) fn new(session: Session, options: &'a Options<'a>, layout: &'a Layout) -> Self {
        Self { session, options, layout, token: Vec::new() }
    }

    /// The records of a block share one timestamp.
    pub(super) fn begin_block(&mut self) {
        self.session.clock.refresh();
        self.session.workspace.shrink();
    }

    /// Mints the token of a row of CSV.
    pub(super) fn mint_row(&mut self, row: &ByteRecord) -> Outcome<'_> {
        let columns = &self.layout.columns;
        if row.len() != columns.len() {
            return Err(format!(
                "has {} columns where the header has {}",
                row.len(),
                columns.len()
            ));
        }
        let mut values = Vec::with_capacity(columns.len());
        for (column, cell) in columns.iter().zip(row).filter(|(column, _)| column.is_parameter) {
            let json = read_cell(&column.name, cell);
            match json.map_err(|problem| format!("{} {problem}", column.name))? {
                Some(json) => values.push((column.name.as_str(), json)),
                None if column.name == "actor_id" => return Err("actor_id is empty".to_owned()),
                None => {}
            }
        }
        self.mint(values.iter().map(|(name, json)| (*name, json.as_raw())))
    }

    /// Mints the token of a line of JSON.
    pub(super) fn mint_fields(&mut self, fields: &[Field<'_>]) -> Outcome<'_> {
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
        let parameters = fields.iter().filter(|field| is_parameter(&field.name));
        self.mint(parameters.map(|field| (&*field.name, field.value)))
    }

    fn mint<'p>(
        &mut self,
        parameters: impl Iterator<Item = (&'p str, RawValue<'p>)>,
    ) -> Outcome<'_> {
        let parameters = parameters.map(|(name, RawValue { text, depth })| {
            (name, RawValue { text, depth: depth + DEPTH_IN_REQUEST })
        });
        let Options { defaults, made_by, .. } = self.options;
        self.token.clear();
        create_token(&mut self.session, parameters, defaults, made_by, &mut self.token)
            .map_err(|failure| failure.message.into_owned())?;
        Ok(&self.token)
    }
}
