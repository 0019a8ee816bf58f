//! `json.dumps(value, indent=2)`, which `datasette create-token --debug` prints.

use super::{Error, Kind, Scanner, string::for_each_char};

/// Appends what `json.dumps(json.loads(text), indent=2)` writes for a text that [`transcode`]
/// made: non-ASCII characters become `\uXXXX`, an empty container stays on its line.
///
/// [`transcode`]: super::transcode
///
/// # Errors
/// [`ErrorKind::Syntax`](super::ErrorKind::Syntax), [`ErrorKind::TooDeep`](super::ErrorKind::TooDeep).
pub fn write_indented(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    let mut scanner = Scanner::new(text);
    write_value(&mut scanner, out, 0)?;
    scanner.end()
}

fn write_value(scanner: &mut Scanner<'_>, out: &mut Vec<u8>, level: usize) -> Result<(), Error> {
    match scanner.peek_kind()? {
        Kind::Object => {
            scanner.begin_object()?;
            out.push(b'{');
            let mut first = true;
            while let Some(key) = scanner.next_key()? {
                separate(out, first, level + 1);
                first = false;
                ascii_string(out, key.text());
                out.extend_from_slice(b": ");
                write_value(scanner, out, level + 1)?;
            }
            close(out, first, level, b'}');
        }
        Kind::Array => {
            scanner.begin_array()?;
            out.push(b'[');
            let mut first = true;
            while scanner.next_element()? {
                separate(out, first, level + 1);
                first = false;
                write_value(scanner, out, level + 1)?;
            }
            close(out, first, level, b']');
        }
        Kind::String => ascii_string(out, scanner.string()?.text()),
        Kind::Number | Kind::Bool | Kind::Null => {
            out.extend_from_slice(scanner.raw_value()?.text.as_bytes());
        }
    }
    Ok(())
}

fn separate(out: &mut Vec<u8>, first: bool, level: usize) {
    if !first {
        out.push(b',');
    }
    new_line(out, level);
}

fn close(out: &mut Vec<u8>, empty: bool, level: usize, bracket: u8) {
    if !empty {
        new_line(out, level);
    }
    out.push(bracket);
}

fn new_line(out: &mut Vec<u8>, level: usize) {
    out.push(b'\n');
    out.extend(std::iter::repeat_n(b' ', 2 * level));
}

/// `ensure_ascii=True`: UTF-16 escapes for all but printable ASCII and U+007F.
fn ascii_string(out: &mut Vec<u8>, spelling: &str) {
    out.push(b'"');
    for_each_char(spelling, |code| match char::from_u32(code) {
        Some(c) if c.is_ascii() => super::string::push_escaped(out, c),
        Some(c) => {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.extend_from_slice(format!("\\u{unit:04x}").as_bytes());
            }
        }
        None => out.extend_from_slice(format!("\\u{code:04x}").as_bytes()),
    });
    out.push(b'"');
}
