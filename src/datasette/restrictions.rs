//! `_r`, what a token may do. Upstream: `TokenRestrictions.abbreviated` in `datasette/tokens.py`.

mod allowlist;

use std::ops::Range;

pub use allowlist::{Allowlist, ByName, Name, Names, NullList, Resource};

use super::actions::Actions;
use super::{Error, Param};
use crate::pyjson::{Error as JsonError, ErrorKind, Keys, Kind, Scanner};

/// What a token is restricted to, as JSON texts in the shapes of Datasette's arguments. Each
/// `None`, null or empty collection means no restriction of that sort.
#[derive(Clone, Copy, Debug, Default)]
pub struct Restrictions<'a> {
    /// Actions allowed everywhere: a list of names.
    pub all: Option<&'a str>,
    /// Actions allowed on a database: from its name to a list of names.
    pub database: Option<&'a str>,
    /// Actions allowed on a table, view or query: from the database's name to an object from
    /// the resource's name to a list of names.
    pub resource: Option<&'a str>,
}

impl<'a> Restrictions<'a> {
    /// Drops what Python would call false: null and empty collections.
    #[must_use]
    pub fn without_empty(self) -> Self {
        let keep = |text: &&'a str| !is_empty(text);
        Self {
            all: self.all.filter(keep),
            database: self.database.filter(keep),
            resource: self.resource.filter(keep),
        }
    }

    /// Whether nothing is restricted, after [`Restrictions::without_empty`].
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.all.is_none() && self.database.is_none() && self.resource.is_none()
    }

    /// Appends the object `_r`, action names abbreviated.
    pub(super) fn write(
        &self,
        actions: &Actions,
        keys: &mut Keys,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        keys.clear();
        let mut writer = Writer { actions, keys, last_list: ("", 0..0), last_object: ("", 0..0) };
        out.push(b'{');
        if let Some(text) = self.all {
            out.extend_from_slice(br#""a":"#);
            writer
                .action_names(&mut Scanner::new(text), out)
                .map_err(Param::RestrictAll.error())?;
        }
        if let Some(text) = self.database {
            separate(out);
            out.extend_from_slice(br#""d":"#);
            writer
                .object(&mut Scanner::new(text), out, Values::ActionNames)
                .map_err(Param::RestrictDatabase.error())?;
        }
        if let Some(text) = self.resource {
            separate(out);
            out.extend_from_slice(br#""r":"#);
            writer
                .object(&mut Scanner::new(text), out, Values::Resources)
                .map_err(Param::RestrictResource.error())?;
        }
        out.push(b'}');
        Ok(())
    }
}

/// Whether a valid JSON text is null or an empty collection.
fn is_empty(text: &str) -> bool {
    if let [b'[' | b'{', b'"', ..] = text.as_bytes() {
        return false;
    }
    let text = text.trim_ascii();
    text == "null"
        || [('[', ']'), ('{', '}')].into_iter().any(|(open, close)| {
            let inside = text.strip_prefix(open).map(|rest| rest.trim_ascii_start());
            inside.is_some_and(|rest| rest.starts_with(close))
        })
}

/// What is wrong with a restriction.
pub(super) enum Malformed {
    Json(JsonError),
    Shape(&'static str),
}

impl From<JsonError> for Malformed {
    fn from(error: JsonError) -> Self {
        Self::Json(error)
    }
}

const NOT_ACTIONS: Malformed = Malformed::Shape("must list action names as an array of strings");
const NOT_AN_OBJECT: Malformed = Malformed::Shape("must be an object of objects or arrays");

struct Writer<'w, 'k> {
    actions: &'k Actions,
    /// The list of actions that was written last, and the object of such lists. Tokens often allow
    /// the same on many tables, and on the tables of many databases.
    last_list: Written<'w>,
    last_object: Written<'w>,
    /// Also those that are left out of the output count as duplicates.
    keys: &'k mut Keys,
}

/// The text of a container, and where it stands in the output; empty where there is none.
type Written<'w> = (&'w str, Range<usize>);

/// What the values of an object are.
#[derive(Clone, Copy)]
enum Values {
    /// `["action", …]`
    ActionNames,
    /// `{"resource": ["action", …], …}`
    Resources,
}

impl<'w> Writer<'w, '_> {
    /// `{"key": …, …}`
    fn object(
        &mut self,
        scanner: &mut Scanner<'w>,
        out: &mut Vec<u8>,
        values: Values,
    ) -> Result<(), Malformed> {
        if scanner.peek_kind()? != Kind::Object {
            return Err(NOT_AN_OBJECT);
        }
        scanner.begin_object()?;
        out.push(b'{');
        let outer = self.keys.begin_object();
        let mut first = true;
        while let Some(key) = scanner.next_key(first)? {
            first = false;
            self.keys.push(&key);
            let before = out.len();
            separate(out);
            key.transcode(out)?;
            out.push(b':');
            let start = out.len();
            let (text, written) = match values {
                Values::ActionNames => {
                    self.action_names(scanner, out)?;
                    &self.last_list
                }
                Values::Resources => {
                    self.resources(scanner, out)?;
                    &self.last_object
                }
            };
            // A database without resources is left out, as Datasette's nested loops leave it out.
            if out[start..] == *b"{}" {
                out.truncate(before);
            }
            if written.start < start && !text.is_empty() {
                // It was the last one once more: members that allow the same again, in one go.
                scanner.members_with(text, |spelled, offset| {
                    self.keys.push_member(spelled, offset);
                    out.extend_from_slice(spelled);
                    out.extend_from_within(written.clone());
                });
            }
        }
        if self.keys.end_object(outer, scanner) {
            return Err(JsonError::new(ErrorKind::DuplicateKey, scanner.position()).into());
        }
        out.push(b'}');
        Ok(())
    }

    /// `{"resource": ["action", …], …}`
    fn resources(&mut self, scanner: &mut Scanner<'w>, out: &mut Vec<u8>) -> Result<(), Malformed> {
        if scanner.same(self.last_object.0) {
            out.extend_from_within(self.last_object.1.clone());
            return Ok(());
        }
        let (start, written) = (scanner.position(), out.len());
        self.object(scanner, out, Values::ActionNames)?;
        // What is left out leaves nothing to copy.
        if out[written..] != *b"{}" {
            let text = scanner.slice(start, scanner.position());
            self.last_object = (text, written..out.len());
        }
        Ok(())
    }

    /// `["action", …]`, abbreviated.
    fn action_names(
        &mut self,
        scanner: &mut Scanner<'w>,
        out: &mut Vec<u8>,
    ) -> Result<(), Malformed> {
        if scanner.peek_kind()? != Kind::Array {
            return Err(NOT_ACTIONS);
        }
        if scanner.same(self.last_list.0) {
            out.extend_from_within(self.last_list.1.clone());
            return Ok(());
        }
        let written = out.len();
        let text = match self.plain_action_names(scanner, out) {
            Some(text) => text,
            None => {
                out.truncate(written);
                self.any_action_names(scanner, out)?
            }
        };
        self.last_list = (text, written..out.len());
        Ok(())
    }

    /// A list as most programs write it; its text. `None` for any other, `out` then holding an
    /// unusable beginning.
    fn plain_action_names(&self, scanner: &mut Scanner<'w>, out: &mut Vec<u8>) -> Option<&'w str> {
        out.push(b'[');
        let text = scanner.plain_strings(|name| {
            match self.actions.abbreviation_json(name) {
                Some(abbr) => out.extend_from_slice(abbr),
                None => {
                    out.push(b'"');
                    out.extend_from_slice(name);
                    out.push(b'"');
                }
            }
            out.push(b',');
        })?;
        *out.last_mut()? = b']';
        Some(text)
    }

    fn any_action_names(
        &self,
        scanner: &mut Scanner<'w>,
        out: &mut Vec<u8>,
    ) -> Result<&'w str, Malformed> {
        let start = scanner.position();
        scanner.begin_array()?;
        out.push(b'[');
        let mut first = true;
        while scanner.next_element(first)? {
            first = false;
            if scanner.peek_kind()? != Kind::String {
                return Err(NOT_ACTIONS);
            }
            separate(out);
            let name = scanner.string()?;
            match self.actions.abbreviation_json(name.to_str()?.as_bytes()) {
                Some(abbr) => out.extend_from_slice(abbr),
                None => name.transcode(out)?,
            }
        }
        out.push(b']');
        Ok(scanner.slice(start, scanner.position()))
    }
}

/// A comma, unless a container has just begun.
fn separate(out: &mut Vec<u8>) {
    if !matches!(out.last(), Some(b'{' | b'[')) {
        out.push(b',');
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasette::Release;

    fn resource(text: &str) -> Option<String> {
        let actions = Actions::built_in(&Release::newest());
        let restrictions = Restrictions { resource: Some(text), ..Restrictions::default() };
        let mut out = Vec::new();
        restrictions.write(&actions, &mut Keys::default(), &mut out).ok()?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn databases_that_are_the_same_again_are_written_like_others() {
        for (text, written) in [
            (
                r#"{"a":{"t":["view-table"]},"b":{"t":["view-table"]},"c":{"t":["view-table"]}}"#,
                r#"{"a":{"t":["vt"]},"b":{"t":["vt"]},"c":{"t":["vt"]}}"#,
            ),
            (r#"{"a":{},"b":{},"c":{"t":["x"]}}"#, r#"{"c":{"t":["x"]}}"#),
            (
                r#"{"a":{"t":["x"]},"b":{},"c":{"t":["x"]},"d":{},"e":{}}"#,
                r#"{"a":{"t":["x"]},"c":{"t":["x"]}}"#,
            ),
            (
                r#"{"a": {"t": ["x"]}, "b": {"t": ["x"]}, "\u0063": {"t": ["x"]}}"#,
                r#"{"a":{"t":["x"]},"b":{"t":["x"]},"c":{"t":["x"]}}"#,
            ),
        ] {
            assert_eq!(resource(text), Some(format!(r#"{{"r":{written}}}"#)), "{text}");
        }
        for text in [
            r#"{"a":{"t":["x"]},"b":{"t":["x"]},"a":{"t":["x"]}}"#,
            r#"{"a":{"t":["x"]},"b":{"t":["x"]},"\u0062":{"t":["x"]}}"#,
            r#"{"a":{},"b":{"t":["x"]},"c":{"t":["x"]},"a":{"t":["x"]}}"#,
        ] {
            assert_eq!(resource(text), None, "{text}");
        }
    }
}
