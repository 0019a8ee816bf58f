//! The text of answers.

use pyjson::write_string;

use super::envelope::RawId;
use super::error::Failure;

/// Appends the beginning of an answer, up to its result. The caller appends the result, then
/// calls [`end_result`].
pub fn begin_result(out: &mut Vec<u8>, id: RawId<'_>) {
    begin(out, id);
    out.extend_from_slice(br#","result":"#);
}

/// Appends the end of an answer that [`begin_result`] began.
pub fn end_result(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// Appends an answer with an error.
pub fn write_error(out: &mut Vec<u8>, id: RawId<'_>, failure: &Failure) {
    begin(out, id);
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
}

fn begin(out: &mut Vec<u8>, id: RawId<'_>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
}
