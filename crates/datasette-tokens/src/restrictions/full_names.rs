//! The names in an `_r`.

use std::collections::HashSet;

use pyjson::{RawString, each_element, each_member, members, write_string};

use crate::Actions;

/// The members of an `_r`, if they are there: `a`, `d` and `r`.
///
/// Reads `{"a": […], "d": {db: […]}, "r": {db: {resource: […]}}}`. As in Datasette, any list may be
/// null, and other members are ignored. `None` for any other shape.
pub(super) fn parts(json: &str) -> Option<[Option<&str>; 3]> {
    let parts = members(json, ["a", "d", "r"])?;
    let [all, database, resource] = parts;
    let names = |_: RawString<'_>, json| each_name(json, |_| {});
    each_name(all.unwrap_or("[]"), |_| {})?;
    each_member(database.unwrap_or("{}"), names)?;
    each_member(resource.unwrap_or("{}"), |_, children| each_member(children, names))?;
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

/// How restrictions are written with the full names of actions.
#[derive(Clone, Copy, Debug)]
pub struct FullNames<'t> {
    /// The tables of actions. The first that knows a name says which actions it allows.
    pub tables: &'t [&'t Actions],
    /// Whether a name that is an action's and abbreviates another one is written as both. Otherwise
    /// it is the action of that name.
    pub every_meaning: bool,
    /// The JSON for an absent `a`, `d` and `r`.
    pub absent: [&'static str; 3],
    /// The most bytes.
    pub limit: usize,
}

impl FullNames<'_> {
    /// Appends an `_r`, a JSON text in Python's spelling, as
    /// `{"all": […], "database": {…}, "resource": {…}}`: with the full names of actions,
    /// and `[]` in place of a list that is null. Returns the list of the names that
    /// allow no known action, each once, in order of appearance.
    ///
    /// `None` if the `_r` has another shape, or if this would take more than [`FullNames::limit`].
    /// `out` then holds an unusable rest: more than the limit in the second case.
    ///
    /// ```
    /// use datasette_tokens::{Datasette, FullNames};
    ///
    /// let datasette = Datasette::default();
    /// let names = FullNames {
    ///     tables: &[datasette.actions()],
    ///     every_meaning: true,
    ///     absent: ["[]", "{}", "{}"],
    ///     limit: 1000,
    /// };
    /// let mut out = Vec::new();
    /// let unknown = names.write(r#"{"a":["vt","x"]}"#, &mut out);
    /// assert_eq!(out, br#"{"all":["view-table","x"],"database":{},"resource":{}}"#);
    /// assert_eq!(unknown.as_deref(), Some(&br#"["x"]"#[..]));
    /// ```
    pub fn write(&self, json: &str, out: &mut Vec<u8>) -> Option<Vec<u8>> {
        let (unknown, seen) = (b"[".to_vec(), HashSet::new());
        let limit = out.len().saturating_add(self.limit);
        let mut writer = Writer { names: self, out, limit, unknown, seen };
        let keys = [r#"{"all":"#, r#","database":"#, r#","resource":"#];
        for (at, part) in parts(json)?.into_iter().enumerate() {
            writer.out.extend_from_slice(keys[at].as_bytes());
            match (part, at) {
                (None, _) => writer.out.extend_from_slice(self.absent[at].as_bytes()),
                (Some(names), 0) => writer.names(names)?,
                (Some(database), 1) => writer.dict(database, Writer::names)?,
                (Some(resource), _) => writer
                    .dict(resource, |writer, children| writer.dict(children, Writer::names))?,
            }
        }
        writer.out.push(b'}');
        writer.unknown.push(b']');
        Some(writer.unknown)
    }
}

struct Writer<'a, 'o> {
    names: &'o FullNames<'o>,
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
            // No table has a lone surrogate.
            let (text, before) = (name.to_str().ok(), self.out.len());
            let FullNames { tables, every_meaning, .. } = self.names;
            let known = text.as_deref().and_then(|text| {
                let knows = |table: &&&Actions| table.allowed_by(text).next().is_some();
                Some((tables.iter().find(knows)?, text))
            });
            let meanings = known.into_iter().flat_map(|(table, text)| table.allowed_by(text));
            for action in meanings.take(if *every_meaning { usize::MAX } else { 1 }) {
                self.out.extend_from_slice(separator.as_bytes());
                separator = ",";
                write_string(self.out, action);
            }
            if self.out.len() > before {
                return;
            }
            self.out.extend_from_slice(separator.as_bytes());
            separator = ",";
            name.to_python().write(self.out);
            // In Python's spelling, equal names have equal texts.
            if self.seen.insert(name.text()) {
                let comma: &[u8] = if self.seen.len() > 1 { b"," } else { b"" };
                self.unknown.extend_from_slice(comma);
                name.to_python().write(&mut self.unknown);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lone_surrogate_is_no_action_of_any_name() {
        let actions = Actions::from_json(r#"{"": "", "view-table": "vt"}"#).unwrap();
        let names = FullNames {
            tables: &[&actions],
            every_meaning: true,
            absent: ["[]", "{}", "{}"],
            limit: 1000,
        };
        let mut out = Vec::new();
        let unknown = names.write(r#"{"a":["\ud800","","vt"]}"#, &mut out).unwrap();
        let expected: &[u8] = br#"{"all":["\ud800","","view-table"],"database":{},"resource":{}}"#;
        assert_eq!((&out[..], &unknown[..]), (expected, &br#"["\ud800"]"#[..]));
    }
}
