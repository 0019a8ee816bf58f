//! From the arguments of `create_token` to `_r`. Upstream: `TokenRestrictions.abbreviated`.

use std::ops::Range;

use pyjson::{Keys, Kind, Place, Rules, Scanner};

use crate::actions::Actions;
use crate::error::{Argument, InvalidArgument, Problem};
use crate::raw::RawRestrictions;

const NOT_ACTIONS: &str = "must list action names as an array of strings";
const NOT_AN_OBJECT: &str = "must be an object of objects or arrays";

/// Appends the object `_r`, action names abbreviated. Keys, order and repetitions are kept.
pub(crate) fn write_restrictions(
    restrictions: &RawRestrictions<'_>,
    actions: &Actions,
    keys: &mut Keys,
    out: &mut Vec<u8>,
) -> Result<(), InvalidArgument> {
    let arguments = [
        (restrictions.all, br#""a":"#, Argument::RestrictAll, Shape::Actions),
        (restrictions.database, br#""d":"#, Argument::RestrictDatabase, Shape::Databases),
        (restrictions.resource, br#""r":"#, Argument::RestrictResource, Shape::Resources),
    ];
    out.push(b'{');
    for (text, key, argument, shape) in arguments {
        let Some(text) = text else { continue };
        separate(out);
        out.extend_from_slice(key);
        let scanner = Scanner::with_keys(text, Rules::Json, std::mem::take(keys));
        let (last_list, last_object) = Default::default();
        let mut writer = Writer { actions, scanner, last_list, last_object, out };
        writer.argument(shape).map_err(|problem| InvalidArgument::new(argument, problem))?;
        *keys = writer.scanner.into_keys();
    }
    out.push(b'}');
    Ok(())
}

/// What an argument, or a part of one, looks like.
#[derive(Clone, Copy)]
enum Shape {
    /// `["action", …]`
    Actions,
    /// `{"database": ["action", …], …}`; also one database of the next shape, by resource
    Databases,
    /// `{"database": {"resource": ["action", …], …}, …}`
    Resources,
}

struct Writer<'w, 'a> {
    actions: &'w Actions,
    scanner: Scanner<'a>,
    /// The list, and the object of lists, that were written last: where each was read, and where it
    /// stands in `out`.
    last_list: (Place, Range<usize>),
    last_object: (Place, Range<usize>),
    out: &'w mut Vec<u8>,
}

impl Writer<'_, '_> {
    fn argument(&mut self, shape: Shape) -> Result<(), Problem> {
        self.value(shape)?;
        Ok(self.scanner.end()?)
    }

    fn value(&mut self, shape: Shape) -> Result<(), Problem> {
        match shape {
            Shape::Actions => self.action_names(),
            Shape::Databases => self.lists(),
            Shape::Resources => self.object(Shape::Databases),
        }
    }

    /// `{"key": ["action", …], …}`, perhaps once more.
    fn lists(&mut self) -> Result<(), Problem> {
        self.scanner.peek_kind()?;
        if self.scanner.skip_same(self.last_object.0) {
            self.out.extend_from_within(self.last_object.1.clone());
            return Ok(());
        }
        let (start, written) = (self.scanner.position(), self.out.len());
        self.object(Shape::Actions)?;
        // An empty object is left out of the output.
        if self.out[written..] != *b"{}" {
            self.last_object = (self.scanner.place(start), written..self.out.len());
        }
        Ok(())
    }

    fn object(&mut self, inside: Shape) -> Result<(), Problem> {
        if self.scanner.peek_kind()? != Kind::Object {
            return Err(NOT_AN_OBJECT.into());
        }
        self.scanner.begin_object()?;
        self.out.push(b'{');
        while let Some(key) = self.scanner.next_key()? {
            let before = self.out.len();
            separate(self.out);
            key.write(self.out)?;
            self.out.push(b':');
            let start = self.out.len();
            self.value(inside)?;
            // A database without resources is left out, as Datasette's nested loops leave it out.
            if self.out[start..] == *b"{}" {
                self.out.truncate(before);
            }
        }
        self.out.push(b'}');
        Ok(())
    }

    /// `["action", …]`, abbreviated.
    fn action_names(&mut self) -> Result<(), Problem> {
        if self.scanner.peek_kind()? != Kind::Array {
            return Err(NOT_ACTIONS.into());
        }
        if self.scanner.skip_same(self.last_list.0) {
            self.out.extend_from_within(self.last_list.1.clone());
            return Ok(());
        }
        let start = self.out.len();
        self.out.push(b'[');
        let Self { actions, scanner, out, .. } = self;
        let place = scanner.plain_strings(|name| {
            write_plain_name(actions, name, out);
            out.push(b',');
        });
        let Some(place) = place else {
            self.out.truncate(start);
            return self.any_action_names();
        };
        self.out.pop();
        self.out.push(b']');
        self.last_list = (place, start..self.out.len());
        Ok(())
    }

    /// The same for a list that may be empty, have escapes or other white space, or be no list of
    /// strings.
    fn any_action_names(&mut self) -> Result<(), Problem> {
        self.scanner.begin_array()?;
        self.out.push(b'[');
        while self.scanner.next_element()? {
            if self.scanner.peek_kind()? != Kind::String {
                return Err(NOT_ACTIONS.into());
            }
            separate(self.out);
            let name = self.scanner.string()?;
            match self.actions.abbreviation_json(name.to_str()?.as_bytes()) {
                Some(abbreviation) => self.out.extend_from_slice(abbreviation),
                None => name.write(self.out)?,
            }
        }
        self.out.push(b']');
        Ok(())
    }
}

/// An action whose name needs no escape.
fn write_plain_name(actions: &Actions, name: &[u8], out: &mut Vec<u8>) {
    match actions.abbreviation_json(name) {
        Some(abbreviation) => out.extend_from_slice(abbreviation),
        None => {
            out.push(b'"');
            out.extend_from_slice(name);
            out.push(b'"');
        }
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
    use crate::release::Release;

    fn resource(text: &str) -> Option<String> {
        let actions = Actions::built_in(&Release::newest());
        let restrictions = RawRestrictions { resource: Some(text), ..Default::default() };
        let mut out = Vec::new();
        write_restrictions(&restrictions, &actions, &mut Keys::default(), &mut out).ok()?;
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn databases_without_resources_are_left_out_and_still_count_as_duplicates() {
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
                r#"{"a": {"t": ["x"]}, "b": {"t": ["x"]}, "\u0063": {"t": ["x" , "y"]}}"#,
                r#"{"a":{"t":["x"]},"b":{"t":["x"]},"c":{"t":["x","y"]}}"#,
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
