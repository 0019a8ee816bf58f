//! `json.dumps(value, indent=2)`, which `datasette create-token --debug` prints.

use super::{Error, loads_strict, string::push_unicode_escape};

/// Appends what `json.dumps(json.loads(text), indent=2)` writes for a text that [`transcode`]
/// made: non-ASCII characters become `\uXXXX`, an empty container stays on its line.
///
/// [`transcode`]: super::transcode
///
/// # Errors
/// As [`loads_strict`].
pub fn write_indented(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    let mut json = Vec::new();
    loads_strict(text)?.dump(&mut json, Some(0));
    // Only strings have other characters than ASCII.
    for c in String::from_utf8_lossy(&json).chars() {
        if c.is_ascii() {
            out.push(c as u8);
        } else {
            c.encode_utf16(&mut [0; 2]).iter().for_each(|unit| push_unicode_escape(out, *unit));
        }
    }
    Ok(())
}
