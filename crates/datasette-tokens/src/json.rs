//! JSON in Python's spelling, looked into without a tree. A tree takes up to 25 times the memory of
//! its text, and a text may have megabytes.

use pyjson::{Keys, Kind, RawString, RawValue, Rules, Scanner};

/// Calls `visit` with each member of an object. `None` if it isn't an object, or if `visit` says so.
pub(crate) fn each_member<'a>(
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
pub(crate) fn each_element<'a>(
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
