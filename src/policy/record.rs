//! A line of the audit log.

use std::fmt::Write as _;
use std::io;

use datasette_tokens::{Actions, FullNames, Value};
use pyjson::write_string;
use sha2::{Digest, Sha256};

use super::claims::Claims;
use super::mint::Mint;
use crate::names::is_deceptive;

/// The longest line, in bytes. Full names can be much longer than what a token carries.
const LONGEST: usize = 32 << 20;

/// Appends the JSON of a record. No tree is built, because a token may be large.
///
/// # Errors
/// There can be no record of this token.
pub(super) fn write_record(
    line: &mut Vec<u8>,
    mint: &Mint<'_>,
    claims: &Claims<'_>,
    tables: [&Actions; 2],
) -> io::Result<()> {
    line.extend_from_slice(br#"{"time":"#);
    Value::from(mint.time).write(line).map_err(io::Error::other)?;
    line.extend_from_slice(br#","method":"#);
    write_string(line, mint.made_by);
    line.extend_from_slice(br#","actor_id":"#);
    line.extend_from_slice(claims.actor_id.as_bytes());
    line.extend_from_slice(br#","created":"#);
    claims.created.write(line);
    line.extend_from_slice(br#","expires":"#);
    match &claims.expires {
        Some(end) if end.has_python_str() => end.write(line),
        Some(_) => return Err(io::Error::other("its expiry has more than 4,300 digits")),
        None => line.extend_from_slice(b"null"),
    }
    line.extend_from_slice(br#","restrictions":"#);
    write_full_names(line, claims.restrictions, tables)?;
    line.extend_from_slice(br#","_r":"#);
    line.extend_from_slice(claims.restrictions.unwrap_or("null").as_bytes());
    let sha256 = Sha256::digest(mint.token);
    let sha256: String = sha256.iter().map(|byte| format!("{byte:02x}")).collect();
    line.extend_from_slice(format!(r#","sha256":"{sha256}"}}"#).as_bytes());
    escape_deceptive(line);
    Ok(())
}

/// Escapes the characters, beside `\n`, at which Python's `splitlines` and other readers begin a
/// line, and those that a terminal obeys. A request could otherwise forge a record, or hide a part of
/// one. In JSON they occur in strings only.
fn escape_deceptive(line: &mut Vec<u8>) {
    // Most lines are ASCII, in which JSON escapes all of them but DEL.
    if line.is_ascii() && !line.contains(&0x7f) {
        return;
    }
    let mut escaped = String::with_capacity(line.len());
    for c in String::from_utf8_lossy(line).chars() {
        match c {
            // The line begins with a newline. In strings JSON has no other control characters.
            '\n' => escaped.push(c),
            c if is_deceptive(c) => _ = write!(escaped, "\\u{:04x}", u32::from(c)),
            c => escaped.push(c),
        }
    }
    *line = escaped.into_bytes();
}

/// Appends `_r` with the full names of actions, `{"all": …, "database": …, "resource": …}`. The first
/// table that knows any action decides.
fn write_full_names(
    line: &mut Vec<u8>,
    restrictions: Option<&str>,
    tables: [&Actions; 2],
) -> io::Result<()> {
    let absent = ["null"; 3];
    let names = FullNames { tables: &tables, every_meaning: true, absent, limit: LONGEST };
    let start = line.len();
    match restrictions.map(|json| names.write(json, line)) {
        Some(Some(_)) => {}
        Some(None) if line.len() - start > LONGEST => {
            return Err(io::Error::other("the record would be longer than 32 MiB"));
        }
        Some(None) => return Err(io::Error::other("the restrictions cannot be read")),
        None => line.extend_from_slice(b"null"),
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn assert_names(actions: &str, restrictions: &str, expected: &str) {
        let actions = Actions::from_json(actions).unwrap();
        let mut line = Vec::new();
        write_full_names(&mut line, Some(restrictions), [&actions, &Actions::none()]).unwrap();
        assert_eq!(String::from_utf8(line).unwrap(), expected);
    }

    #[test]
    fn abbreviations_become_names_wherever_they_are() {
        assert_names(
            r#"{"view-table":"vt","é":"e"}"#,
            r#"{"a":["vt","x","\u00e9"],"r":{"vt":{"e":["e"],"f":[]},"é":{}}}"#,
            concat!(
                r#"{"all":["view-table","x","é"],"database":null,"#,
                r#""resource":{"vt":{"e":["é"],"f":[]},"é":{}}}"#,
            ),
        );
    }

    #[test]
    fn a_name_that_abbreviates_another_action_means_both() {
        assert_names(
            r#"{"drop-table":"dt","dt":null,"same":"same"}"#,
            r#"{"a":["dt","same","drop-table"]}"#,
            r#"{"all":["dt","drop-table","same","drop-table"],"database":null,"resource":null}"#,
        );
    }

    #[test]
    fn a_record_that_would_be_huge_is_none() {
        let actions = Actions::from_json(&format!(r#"{{"{}":"x"}}"#, "y".repeat(256))).unwrap();
        let list = vec![r#""x""#; (32 << 20) / 256].join(",");
        let restrictions = format!(r#"{{"a":[{list}]}}"#);
        let tables = [&actions, &Actions::none()];
        let error = write_full_names(&mut Vec::new(), Some(&restrictions), tables).unwrap_err();
        assert!(error.to_string().contains("32 MiB"), "{error}");
    }
}
