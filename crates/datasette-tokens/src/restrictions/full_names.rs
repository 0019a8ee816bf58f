//! The names in an `_r` that is JSON in Python's spelling.

use std::collections::HashSet;

use pyjson::{RawString, write_string};

use crate::Actions;
use crate::json::{each_element, each_member};

/// The members of an `_r`. What is absent is an empty collection.
pub(super) struct Parts<'a> {
    pub(super) all: &'a str,
    pub(super) database: &'a str,
    pub(super) resource: &'a str,
}

/// Reads `{"a": […], "d": {db: […]}, "r": {db: {resource: […]}}}`. As in Datasette, each member may
/// be absent, any list may be null, and other members are ignored. `None` for any other shape.
pub(super) fn parts(json: &str) -> Option<Parts<'_>> {
    let mut parts = Parts { all: "[]", database: "{}", resource: "{}" };
    let names = |_: RawString<'_>, json| each_name(json, |_| {});
    each_member(json, |name, value| {
        match name.text {
            "a" => parts.all = value,
            "d" => parts.database = value,
            "r" => parts.resource = value,
            _ => {}
        }
        Some(())
    })?;
    each_name(parts.all, |_| {})?;
    each_member(parts.database, names)?;
    each_member(parts.resource, |_, children| each_member(children, names))?;
    Some(parts)
}

/// Calls `visit` with each string of a list, or null. `None` if it is anything else.
pub(super) fn each_name<'a>(json: &'a str, mut visit: impl FnMut(RawString<'a>)) -> Option<()> {
    if json == "null" {
        return Some(());
    }
    each_element(json, |name| {
        visit(name.as_string()?);
        Some(())
    })
}

/// Appends an `_r` as `inspect_token` shows it, `{"all": […], "database": {…}, "resource": {…}}`
/// with the full names of all actions that a name allows, and `[]` in place of null. Returns the list of the names that are
/// neither an action nor an abbreviation of one, each once, in order of appearance.
///
/// `None` if the `_r` has another shape, or if `out` would have more than `limit` bytes. `out` then
/// holds an unusable rest: more than `limit` bytes in the second case.
pub(crate) fn write_full_names(
    json: &str,
    actions: &Actions,
    limit: usize,
    out: &mut Vec<u8>,
) -> Option<Vec<u8>> {
    let parts = parts(json)?;
    let (unknown, seen) = (b"[".to_vec(), HashSet::new());
    let mut writer = Writer { actions, out, limit, unknown, seen };
    writer.out.extend_from_slice(br#"{"all":"#);
    writer.names(parts.all)?;
    writer.out.extend_from_slice(br#","database":"#);
    writer.dict(parts.database, Writer::names)?;
    writer.out.extend_from_slice(br#","resource":"#);
    writer.dict(parts.resource, |writer, children| writer.dict(children, Writer::names))?;
    writer.out.push(b'}');
    writer.unknown.push(b']');
    Some(writer.unknown)
}

struct Writer<'a, 'o> {
    actions: &'o Actions,
    out: &'o mut Vec<u8>,
    limit: usize,
    /// A list, still open.
    unknown: Vec<u8>,
    seen: HashSet<&'a str>,
}

impl<'a> Writer<'a, '_> {
    fn names(&mut self, json: &'a str) -> Option<()> {
        let mut separator = "[";
        each_name(json, |name| {
            // The caller drops all of it.
            if self.out.len() > self.limit {
                return;
            }
            let text = name.to_str().unwrap_or_default();
            let before = self.out.len();
            for action in self.actions.allowed_by(&text) {
                self.out.extend_from_slice(separator.as_bytes());
                separator = ",";
                write_string(self.out, action);
            }
            match self.out.len() > before {
                true => {}
                false => {
                    self.out.extend_from_slice(separator.as_bytes());
                    separator = ",";
                    name.to_python().write(self.out);
                    // In Python's spelling, equal names have equal texts.
                    if self.seen.insert(name.text) {
                        self.unknown.extend_from_slice(if self.seen.len() > 1 {
                            b","
                        } else {
                            b""
                        });
                        name.to_python().write(&mut self.unknown);
                    }
                }
            }
        })?;
        self.out.extend_from_slice(if separator == "[" { b"[]" } else { b"]" });
        (self.out.len() <= self.limit).then_some(())
    }

    fn dict(
        &mut self,
        json: &'a str,
        mut write: impl FnMut(&mut Self, &'a str) -> Option<()>,
    ) -> Option<()> {
        let mut separator = "{";
        each_member(json, |name, value| {
            self.out.extend_from_slice(separator.as_bytes());
            separator = ",";
            name.to_python().write(self.out);
            self.out.push(b':');
            write(self, value)
        })?;
        self.out.extend_from_slice(if separator == "{" { b"{}" } else { b"}" });
        Some(())
    }
}
