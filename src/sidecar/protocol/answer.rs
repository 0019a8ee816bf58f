//! The text of answers.

use std::sync::LazyLock;

use memchr::memchr2;
use memchr::memmem::Finder;
use pyjson::write_string;

use super::envelope::RawId;
use super::error::Failure;

/// Appends the beginning of an answer, up to its result. The caller appends the result, then
/// calls [`end_result`] with what this returns: where the result begins.
pub fn begin_result(out: &mut Vec<u8>, id: RawId<'_>) -> usize {
    begin(out, id);
    out.extend_from_slice(br#","result":"#);
    out.len()
}

/// Appends the end of an answer that [`begin_result`] began.
pub fn end_result(out: &mut Vec<u8>, start: usize) {
    out.push(b'}');
    escape_line_ends(out, start);
}

/// Appends an answer with an error.
pub fn write_error(out: &mut Vec<u8>, id: RawId<'_>, failure: &Failure) {
    begin(out, id);
    let start = out.len();
    out.extend_from_slice(format!(r#","error":{{"code":{}"#, failure.kind.code()).as_bytes());
    out.extend_from_slice(br#","message":"#);
    write_string(out, &failure.message);
    out.extend_from_slice(br#","data":{"kind":"#);
    write_string(out, failure.kind.name());
    if let Some(param) = &failure.param {
        out.extend_from_slice(br#","param":"#);
        param.write(out);
    }
    if let Some(line) = failure.line {
        out.extend_from_slice(format!(r#","line":{line}"#).as_bytes());
    }
    out.extend_from_slice(b"}}}");
    escape_line_ends(out, start);
}

fn begin(out: &mut Vec<u8>, id: RawId<'_>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
}

/// The characters beside `\n` and `\r` at which common readers of lines begin a new one, and their
/// escapes in JSON.
const LINE_ENDS: [(&str, &str); 3] =
    [("\u{85}", "\\u0085"), ("\u{2028}", "\\u2028"), ("\u{2029}", "\\u2029")];

/// Searches for each of them. To build one takes longer than to use it.
static FINDERS: LazyLock<[Finder<'static>; 3]> =
    LazyLock::new(|| LINE_ENDS.map(|(c, _)| Finder::new(c)));

/// Escapes the ends of lines behind `start`, where they occur in strings only.
#[inline]
fn escape_line_ends(out: &mut Vec<u8>, start: usize) {
    // Most answers are ASCII. The last word is read whole, with bytes before it if it is short.
    let words = out[start..].as_chunks::<8>().0.iter().chain(out.last_chunk());
    let any = words.fold(0, |any, word| any | u64::from_le_bytes(*word));
    if any & 0x8080_8080_8080_8080 != 0 {
        escape_in_unicode(out, start);
    }
}

#[cold]
fn escape_in_unicode(out: &mut Vec<u8>, start: usize) {
    let found = FINDERS.iter().filter_map(|finder| finder.find(&out[start..])).min();
    let Some(first) = found else { return };
    let rest = out.split_off(start + first);
    let mut rest = &rest[..];
    while let Some(at) = memchr2(0xc2, 0xe2, rest) {
        out.extend_from_slice(&rest[..at]);
        rest = &rest[at..];
        let found = LINE_ENDS.iter().find(|(c, _)| rest.starts_with(c.as_bytes()));
        let (length, escape) = found.map_or((1, &rest[..1]), |(c, it)| (c.len(), it.as_bytes()));
        out.extend_from_slice(escape);
        rest = &rest[length..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn escaped(before: &str, text: &str) -> String {
        let mut out = [before, text].concat().into_bytes();
        escape_line_ends(&mut out, before.len());
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn line_ends_are_escaped_and_nothing_else() {
        let parts = [
            "a",
            "\u{85}",
            "\u{2028}",
            "\u{2029}",
            "\u{a0}",
            "\u{2027}",
            "\u{1f085}",
            "é",
            "\u{202a}",
        ];
        let escape = |part: &str| {
            part.replace('\u{85}', "\\u0085")
                .replace('\u{2028}', "\\u2028")
                .replace('\u{2029}', "\\u2029")
        };
        let count = parts.len();
        for case in 0..count.pow(4) {
            let text: String = (0..4).map(|at| parts[case / count.pow(at) % count]).collect();
            assert_eq!(escaped("\u{2028}", &text), "\u{2028}".to_owned() + &escape(&text));
        }
        let long = "\u{85}’\u{2029}x".repeat(10_000);
        assert_eq!(escaped("id", &long), "id".to_owned() + &escape(&long));
        assert_eq!(escaped("\u{85}", ""), "\u{85}");
    }
}
