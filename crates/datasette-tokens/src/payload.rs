//! The JSON inside a signed value, normally read once: for tokens, cookies and any other value.

use std::ops::Range;

use pyjson::{Kind, Rules, Scanner, Value, loads};

use crate::{Error, Integer, Workspace, itsdangerous::BadPayload};

/// A payload in Python's spelling, and where some of its members stand.
///
/// The text is read as `json.loads` reads it, and written as `json.dumps` writes it, in one pass.
pub(crate) struct Payload<'p, const N: usize> {
    /// Isn't JSON where it holds NaN.
    pub(crate) text: &'p [u8],
    pub(crate) is_object: bool,
    /// Where the values of the members stand that were asked for; nowhere, if empty.
    members: [Range<usize>; N],
    /// Whether `NaN` or an infinity occurs, so that not all of it is JSON.
    has_python_number: bool,
}

impl<'p, const N: usize> Payload<'p, N> {
    /// Nothing yet. To be read in place: the processor waits where a large value is moved.
    pub(crate) fn new() -> Self {
        let members = [const { 0..0 }; N];
        Self { text: b"", is_object: false, members, has_python_number: false }
    }

    /// Reads `text` and finds the top-level members for whose names `place` gives a place below `N`.
    /// Uses the workspace's buffer unless the text is in Python's spelling already, as tokens are.
    pub(crate) fn read(
        &mut self,
        text: &'p mut String,
        place: impl Fn(&[u8]) -> Option<usize> + Copy,
        workspace: &'p mut Workspace,
    ) -> Result<(), BadPayload> {
        workspace.payload.clear();
        let keys = std::mem::take(&mut workspace.keys);
        let mut scanner = Scanner::with_keys(text, Rules::Python, keys);
        self.is_object = scanner.peek_kind()? == Kind::Object;
        let (start, mut is_python) = (scanner.position(), false);
        if self.is_object {
            let read = scanner.transcode_members(&mut workspace.payload, |key, value| {
                if let Some(at) = place(key.to_python().as_wtf8()) {
                    self.members[at] = value;
                }
            });
            is_python = match read {
                Err(error) if error.kind() == pyjson::ErrorKind::DuplicateKey => {
                    // Rare. The second reading finds every member again, each once.
                    *text = with_unique_keys(text)?;
                    return self.read(text, place, workspace);
                }
                read => read?.is_some(),
            };
        } else {
            scanner.transcode(&mut workspace.payload)?;
        }
        let end = scanner.position();
        scanner.end()?;
        self.has_python_number = scanner.has_python_number();
        workspace.keys = scanner.into_keys();
        self.text = if is_python { &text.as_bytes()[start..end] } else { &workspace.payload };
        Ok(())
    }

    /// The whole payload; `None` where JSON can't carry it.
    pub(crate) fn json(&self) -> Option<&'p [u8]> {
        (!self.has_python_number).then_some(self.text)
    }

    /// The value of a member that was asked for, in Python's spelling.
    pub(crate) fn member(&self, at: usize) -> Option<&'p [u8]> {
        let place = &self.members[at];
        (!place.is_empty()).then(|| &self.text[place.clone()])
    }

    /// Fails for a member that JSON can't carry. Nothing is fine.
    pub(crate) fn require_json(&self, part: &[u8]) -> Result<(), Error> {
        if self.has_python_number && !part.is_empty() {
            Scanner::new(as_str(part)).raw_value().map_err(|_| Error::NotJson)?;
        }
        Ok(())
    }
}

/// An object with equal keys in Python's spelling, which has each key once.
#[cold]
fn with_unique_keys(text: &str) -> Result<String, BadPayload> {
    let mut unique = Vec::new();
    let mut scanner = Scanner::with_keys(text, Rules::Python, pyjson::Keys::default());
    scanner.transcode(&mut unique)?;
    scanner.end()?;
    Ok(as_str(&unique).to_owned())
}

/// A part of a payload, to look into.
pub(crate) fn value(json: &[u8]) -> Option<Value<'static>> {
    loads(as_str(json)).ok().map(Value::into_owned)
}

/// Python's `int(time.time())`, the time that tokens and cookies carry, from Unix seconds. Zero for
/// an infinity or NaN, on which Python raises.
///
/// ```
/// assert_eq!(datasette_tokens::unix_seconds(1_700_000_000.9), 1_700_000_000.into());
/// ```
#[must_use]
pub fn unix_seconds(now: f64) -> Integer {
    Integer::from_f64(now).unwrap_or(0.into())
}

/// Python's spelling as text: it is always UTF-8.
pub(crate) fn as_str(json: &[u8]) -> &str {
    std::str::from_utf8(json).unwrap_or_default()
}
