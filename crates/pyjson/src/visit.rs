//! Looking into a value without a tree. A tree takes up to 25 times the memory of its text, and a text
//! may have megabytes.
//!
//! All of these read under [`Rules::Python`]. They skip the values that they give, so equal keys
//! inside of those aren't found.

use super::{Keys, Kind, RawString, RawValue, Rules, Scanner};

/// Calls `visit` with each member of an object. `None` if it isn't an object, or if `visit` says so.
///
/// ```
/// let mut names = Vec::new();
/// pyjson::each_member(r#"{"a": [1], "b": 2}"#, |name, value| {
///     names.push((name.text(), value));
///     Some(())
/// });
/// assert_eq!(names, [("a", "[1]"), ("b", "2")]);
/// ```
pub fn each_member<'a>(
    json: &'a str,
    mut visit: impl FnMut(RawString<'a>, &'a str) -> Option<()>,
) -> Option<()> {
    let mut scanner = Scanner::with_keys(json, Rules::Python, Keys::default());
    if scanner.peek_kind() != Ok(Kind::Object) {
        return None;
    }
    scanner.begin_object().ok()?;
    while let Some(name) = scanner.next_key().ok()? {
        visit(name, scanner.raw_value().ok()?.text)?;
    }
    Some(())
}

/// Calls `visit` with each element of an array. `None` if it isn't an array, or if `visit` says so.
pub fn each_element<'a>(
    json: &'a str,
    mut visit: impl FnMut(RawValue<'a>) -> Option<()>,
) -> Option<()> {
    let mut scanner = Scanner::with_keys(json, Rules::Python, Keys::default());
    if scanner.peek_kind() != Ok(Kind::Array) {
        return None;
    }
    scanner.begin_array().ok()?;
    while scanner.next_element().ok()? {
        visit(scanner.raw_value().ok()?)?;
    }
    Some(())
}

/// The JSON texts of the members of an object that have these names. `None` if it isn't an object.
///
/// ```
/// let members = pyjson::members(r#"{"t": 5, "a": "root"}"#, ["a", "d"]);
/// assert_eq!(members, Some([Some(r#""root""#), None]));
/// ```
#[must_use]
pub fn members<'a, const N: usize>(
    json: &'a str,
    names: [&str; N],
) -> Option<[Option<&'a str>; N]> {
    let mut members = [None; N];
    each_member(json, |key, value| {
        if let Some(at) = names.iter().position(|name| key.is(name)) {
            members[at] = Some(value);
        }
        Some(())
    })?;
    Some(members)
}
