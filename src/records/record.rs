//! A record: a row of CSV or a JSON object, with the parameters that it has.

use std::borrow::Cow;

use dstok::names::quoted;

use super::csv::Cell;
use super::fields::{Field, read_cell, read_fields};
use super::input::Kind;
use super::layout::{Column, Format, Layout};
use super::names::{ACTOR, Role, shown};

/// How many ordinary names are remembered, and the longest cell, in bytes.
const MAX_ORDINARY: usize = 32;
const MAX_KEPT: usize = 64 << 10;

/// What the error of a record ends with if the output has only a part of it.
pub(super) const ONLY_A_PART: &str =
    "; the output has only a part of it: correct it and empty its error";

/// A record of the input.
pub(super) enum Record<'a> {
    /// A row of CSV.
    Row(Row<'a>),
    /// A JSON text, with its fields or what is wrong with it.
    Json(&'a [u8], Result<Vec<Field<'a>>, String>),
}

/// A row of CSV.
#[derive(Clone, Copy)]
pub(super) struct Row<'a> {
    pub(super) text: &'a [u8],
    pub(super) cells: &'a [Cell],
    pub(super) is_utf8: bool,
}

impl<'a> Record<'a> {
    /// `cells` are those of a row.
    pub(super) fn read(text: &'a [u8], cells: &'a [Cell], kind: Kind) -> Self {
        match kind {
            Kind::Csv(_) => Self::Row(Row { text, cells, is_utf8: str::from_utf8(text).is_ok() }),
            Kind::JsonLines | Kind::JsonArray => Self::Json(text, read_fields(text)),
        }
    }

    /// The token that the record has already.
    pub(super) fn token(&self, layout: &Layout<'_>) -> Option<Cow<'_, str>> {
        self.value(layout, Role::Token)
    }

    /// Whether an earlier run has written only a part of the record. A token for that part could allow
    /// more than the record did.
    pub(super) fn is_only_a_part(&self, layout: &Layout<'_>) -> bool {
        self.value(layout, Role::Error).is_some_and(|error| error.ends_with(ONLY_A_PART))
    }

    /// Whether the output will have only a part of the record.
    pub(super) fn is_cut(&self, layout: &Layout<'_>) -> bool {
        match (self, layout.format) {
            (_, Format::Tokens) | (Self::Json(..), Format::Jsonl) => false,
            (Self::Row(row), _) => row.cells.len() != layout.columns.len() || !row.is_utf8,
            (Self::Json(_, fields), Format::Csv) => {
                let is_theirs = |field: &&Field<'_>| !layout.names.role(&field.name).is_added();
                let names = fields.iter().flatten().filter(is_theirs).map(|field| &*field.name);
                names.clone().any(|name| {
                    !layout.columns.iter().any(|column| column.name == name)
                        || names.clone().filter(|other| *other == name).count() > 1
                })
            }
        }
    }

    /// What the record has as its token or error. In a row of the wrong length, another cell may be
    /// in that place.
    fn value(&self, layout: &Layout<'_>, role: Role) -> Option<Cow<'_, str>> {
        let value: Cow<'_, str> = match self {
            Self::Row(row) => {
                let columns = &layout.columns;
                let at = columns.iter().position(|it| it.role == role)?;
                let cell = row.cells.get(at).filter(|_| row.cells.len() == columns.len())?;
                let value = cell.value(row.text);
                Cow::Owned(String::from_utf8(value.into_owned()).ok()?)
            }
            Self::Json(_, fields) => {
                let fields = fields.as_ref().ok()?;
                let has_role = |field: &&Field<'_>| layout.names.role(&field.name) == role;
                let mut found = fields.iter().filter(has_role);
                let only = found.next().filter(|_| found.next().is_none())?;
                Cow::Owned(only.as_string()?.into_owned())
            }
        };
        (!value.trim().is_empty()).then_some(value)
    }

    /// The parameters of `create_token`, by their own names.
    ///
    /// # Errors
    /// Why the record can't have a token.
    pub(super) fn parameters<'s>(
        &'s self,
        layout: &'s Layout<'_>,
        memory: &'s mut Memory,
    ) -> Result<Vec<Field<'s>>, String> {
        match self {
            Self::Row(row) => row_parameters(&layout.columns, *row, &mut memory.cells),
            Self::Json(_, fields) => {
                let fields = fields.as_ref().map_err(Clone::clone)?;
                json_parameters(layout, fields, memory)
            }
        }
    }
}

fn row_parameters<'a>(
    columns: &'a [Column],
    Row { text, cells, is_utf8 }: Row<'a>,
    last: &'a mut Vec<LastCell>,
) -> Result<Vec<Field<'a>>, String> {
    let (found, expected) = (cells.len(), columns.len());
    if found != expected {
        return Err(format!("has {found} columns but the header has {expected}"));
    }
    if !is_utf8 {
        let is_wrong = |cell: &Cell| str::from_utf8(&text[cell.raw.clone()]).is_err();
        let at = cells.iter().position(is_wrong).unwrap_or_default();
        return Err(format!("{} is not UTF-8", shown(&columns[at].name)));
    }
    last.resize_with(expected, Default::default);
    let mut fields = Vec::with_capacity(expected);
    for ((column, cell), last) in columns.iter().zip(cells).zip(last) {
        let Role::Parameter(parameter) = column.role else { continue };
        let raw = &text[cell.raw.clone()];
        let read = || {
            read_cell(parameter, cell.value(text))
                .map_err(|problem| format!("{} {problem}", shown(&column.name)))
        };
        if parameter == ACTOR || raw.len() > MAX_KEPT {
            fields.extend(read()?);
        } else {
            fields.extend(last.field(parameter, raw, read)?);
        }
    }
    Ok(fields)
}

/// The last cell of a column. Rows often have the same restrictions and expiry, which are read once
/// then.
#[derive(Default)]
struct LastCell {
    raw: Vec<u8>,
    /// The JSON text and the depth of its value.
    value: Option<(String, usize)>,
}

impl LastCell {
    /// The field of a cell, which `read` reads.
    fn field<'a>(
        &'a mut self,
        parameter: &'a str,
        raw: &[u8],
        read: impl FnOnce() -> Result<Option<Field<'a>>, String>,
    ) -> Result<Option<Field<'a>>, String> {
        // No cell and an empty one are the same.
        if self.raw != raw {
            self.raw.clear();
            self.value = None;
            let field = read()?;
            self.value = field.map(|field| (field.json.into_owned(), field.depth));
            self.raw.extend_from_slice(raw);
        }
        let field = |(json, depth): &'a (String, usize)| Field {
            name: parameter.into(),
            json: json.as_str().into(),
            depth: *depth,
        };
        Ok(self.value.as_ref().map(field))
    }
}

/// What a thread remembers of records, to read less of the next.
#[derive(Default)]
pub(super) struct Memory {
    /// Names of members that are ordinary.
    ordinary: Vec<String>,
    /// The last cell of each column.
    cells: Vec<LastCell>,
}

impl Memory {
    fn check_ordinary(
        &mut self,
        layout: &Layout<'_>,
        name: &str,
        has_actor: bool,
    ) -> Result<(), String> {
        if self.ordinary.iter().any(|known| known == name) {
            return Ok(());
        }
        layout.names.check_ordinary(name, has_actor)?;
        // A name that is ordinary without an actor is always ordinary.
        if self.ordinary.len() < MAX_ORDINARY && layout.names.check_ordinary(name, false).is_ok() {
            self.ordinary.push(name.to_owned());
        }
        Ok(())
    }
}

/// Checks the names of a JSON record's members, and picks the parameters.
fn json_parameters<'s>(
    layout: &Layout<'_>,
    fields: &'s [Field<'_>],
    memory: &mut Memory,
) -> Result<Vec<Field<'s>>, String> {
    let is_csv = layout.format == Format::Csv;
    let has_actor = fields.iter().any(|field| field.name == layout.names.actor());
    let mut parameters = Vec::with_capacity(fields.len());
    for (at, field) in fields.iter().enumerate() {
        let name = &*field.name;
        let is_repeated = || fields[..at].iter().any(|before| before.name == name);
        match layout.names.role(name) {
            Role::Ordinary => memory.check_ordinary(layout, name, has_actor)?,
            Role::Parameter(_) if is_repeated() => {
                return Err(format!("{} is given twice", shown(name)));
            }
            Role::Parameter(parameter) => parameters.push(Field {
                name: parameter.into(),
                json: Cow::Borrowed(&*field.json),
                depth: field.depth,
            }),
            Role::Token | Role::Error if layout.retry_failed => continue,
            Role::Token | Role::Error => {
                return Err(format!(
                    "has a member {name:?} already, which create-tokens adds; --retry-failed \
                     tries the records without a token"
                ));
            }
        }
        if is_csv && !layout.columns.iter().any(|column| column.name == name) {
            return Err(format!(
                "has a member {} that the first record does not have; CSV needs the same columns \
                 in all records",
                quoted(name)
            ));
        }
        if is_csv && is_repeated() {
            return Err(format!("{} is given twice", quoted(name)));
        }
    }
    Ok(parameters)
}
