//! From the arguments of `create_token` to `_r`. Upstream: `TokenRestrictions.abbreviated`.

use std::ops::Range;

use pyjson::{Keys, Kind, Place, RawString, Rules, Scanner};

use crate::error::{InvalidArgument, Problem, Shape};
use crate::{Actions, RawRestrictions};

/// What a value around this many levels of objects must be.
const SHAPES: [&str; 3] = [
    "must list action names as an array of strings",
    "must be an object from {names} to lists of action names",
    "must be an object from databases to objects from resources to lists of action names",
];

/// Appends the object `_r`, action names abbreviated. Keys, order and repetitions are kept.
pub(crate) fn write_restrictions(
    restrictions: &RawRestrictions<'_>,
    actions: &Actions,
    keys: &mut Keys,
    out: &mut Vec<u8>,
) -> Result<(), InvalidArgument> {
    // Each has one level of objects more than the one before.
    let arguments = [
        (restrictions.all, br#""a":"#, "restrict_all"),
        (restrictions.database, br#""d":"#, "restrict_database"),
        (restrictions.resource, br#""r":"#, "restrict_resource"),
    ];
    out.push(b'{');
    for (levels, (text, key, argument)) in arguments.into_iter().enumerate() {
        let Some(text) = text else { continue };
        separate(out);
        out.extend_from_slice(key);
        let scanner = Scanner::with_keys(text, Rules::Json, std::mem::take(keys));
        let (last_list, last_object) = Default::default();
        let text = text.as_bytes();
        let mut writer =
            Writer { actions, scanner, text, all: levels, last_list, last_object, out };
        let written = writer.value(levels).and_then(|()| Ok(writer.scanner.end()?));
        written.map_err(|problem| InvalidArgument { argument, problem })?;
        *keys = writer.scanner.into_keys();
    }
    out.push(b'}');
    Ok(())
}

struct Writer<'w, 'a> {
    actions: &'w Actions,
    scanner: Scanner<'a>,
    /// What the scanner reads.
    text: &'a [u8],
    /// How many levels of objects the argument has.
    all: usize,
    /// The list, and the object of lists, that were written last: where each was read, and where it
    /// stands in `out`.
    last_list: (Place, Range<usize>),
    last_object: (Place, Range<usize>),
    out: &'w mut Vec<u8>,
}

impl Writer<'_, '_> {
    /// A list of actions inside this many levels of objects.
    #[inline(always)]
    fn value(&mut self, levels: usize) -> Result<(), Problem> {
        if levels == 0 { self.action_names() } else { self.object(levels) }
    }

    fn object(&mut self, levels: usize) -> Result<(), Problem> {
        if self.scanner.peek_kind()? != Kind::Object {
            return Err(self.wrong_shape(levels));
        }
        if levels == 1 && self.scanner.skip_same(self.last_object.0) {
            self.out.extend_from_within(self.last_object.1.clone());
            return Ok(());
        }
        let (start, written) = (self.scanner.position(), self.out.len());
        self.scanner.begin_object()?;
        self.out.push(b'{');
        while let Some(key) = self.scanner.next_key()? {
            let before = self.out.len();
            separate(self.out);
            self.write_key(&key)?;
            let start = self.out.len();
            self.value(levels - 1).map_err(|problem| inside(&key, problem))?;
            // A database without resources is left out, as Datasette's nested loops leave it out.
            if self.out[start..] == *b"{}" {
                self.out.truncate(before);
            }
        }
        self.out.push(b'}');
        // An empty object is left out of the output, so it can't be copied from there.
        if levels == 1 && self.out[written..] != *b"{}" {
            self.last_object = (self.scanner.place(start), written..self.out.len());
        }
        Ok(())
    }

    /// Writes a key that was just read, and its colon.
    #[inline(always)]
    fn write_key(&mut self, key: &RawString<'_>) -> Result<(), Problem> {
        let rest = &self.text[key.offset()..];
        let length = self.scanner.position() - key.offset();
        if key.is_escaped() || !rest[..length].ends_with(br#"":"#) {
            key.write(self.out)?;
            self.out.push(b':');
            return Ok(());
        }
        // A copy of this many bytes needs no call.
        match rest.first_chunk::<24>() {
            Some(chunk) if length <= chunk.len() => {
                let end = self.out.len() + length;
                self.out.extend_from_slice(chunk);
                self.out.truncate(end);
            }
            _ => self.out.extend_from_slice(&rest[..length]),
        }
        Ok(())
    }

    #[cold]
    fn wrong_shape(&self, levels: usize) -> Problem {
        let names = if levels == self.all { "databases" } else { "resources" };
        let problem = SHAPES[levels].replace("{names}", names);
        Problem::Shape(Box::new(Shape { path: Vec::new(), problem }))
    }

    /// `["action", …]`, abbreviated.
    fn action_names(&mut self) -> Result<(), Problem> {
        if self.scanner.peek_kind()? != Kind::Array {
            return Err(self.wrong_shape(0));
        }
        if self.scanner.skip_same(self.last_list.0) {
            self.out.extend_from_within(self.last_list.1.clone());
            return Ok(());
        }
        let start = self.out.len();
        self.out.push(b'[');
        let Self { actions, scanner, out, .. } = self;
        let place = scanner.plain_strings(|name| {
            if !actions.write_abbreviated(name, out) {
                out.push(b'"');
                out.extend_from_slice(name);
                out.extend_from_slice(br#"","#);
            }
        });
        let Some(place) = place else {
            self.out.truncate(start);
            return self.any_action_names();
        };
        end_list(self.out);
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
                return Err(self.wrong_shape(0));
            }
            let name = self.scanner.string()?;
            if !self.actions.write_abbreviated(name.to_str()?.as_bytes(), self.out) {
                name.write(self.out)?;
                self.out.push(b',');
            }
        }
        end_list(self.out);
        Ok(())
    }
}

/// The same problem, seen from outside of an object.
#[cold]
fn inside(key: &RawString<'_>, mut problem: Problem) -> Problem {
    if let Problem::Shape(shape) = &mut problem {
        shape.path.insert(0, key.to_python().to_string_lossy().into_owned());
    }
    problem
}

/// The end of a list, in place of the comma behind the last element.
fn end_list(out: &mut Vec<u8>) {
    match out.last_mut() {
        Some(last) if *last == b',' => *last = b']',
        _ => out.push(b']'),
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
