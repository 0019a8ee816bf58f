//! A session of `serve` over any bytes, as lines or as frames. Each request is answered once, in
//! order, under the id it was asked with, however the bytes arrive and however many threads answer.

use std::io::{self, Read};

use datasette_tokens::{Datasette, Secret};
use dstok::sidecar::methods::{Clock, Session};
use dstok::sidecar::serve::{Limits, serve};
use pyjson::MAX_DEPTH;
use serde_json::value::RawValue;

use super::json::{Members, Wtf8, json};
use super::transcode::depth_of;

/// Small, so that inputs reach them.
const LIMITS: Limits = Limits { max_line: 2_000, max_batch: 8, threads: 1 };

/// Bytes of lines that threads share.
const WORTH_SHARING: usize = 16 << 10;

/// Checks what a fuzzer found. The first byte says how many bytes are read at once. Where it is 255,
/// the lines are repeated until several threads share them.
pub fn any_input(input: &[u8]) {
    let Some((&choice, lines)) = input.split_first() else { return };
    let alone = answers(lines, lines.len().max(1), 1);
    check(lines, &alone);
    match choice {
        u8::MAX => {
            let lines = [lines, b"\n"].concat();
            let many = lines.repeat(WORTH_SHARING / lines.len());
            assert!(answers(&many, many.len(), 3) == answers(&many, many.len(), 1));
        }
        _ => assert!(answers(lines, 1 + usize::from(choice), 1) == alone),
    }
}

/// Input in pieces of this many bytes.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let Self(rest, size) = self;
        let length = rest.len().min(*size);
        rest.read(&mut buffer[..length])
    }
}

fn answers(input: &[u8], size: usize, threads: usize) -> String {
    let secret = Secret::new("not a secret".to_owned()).unwrap();
    let datasette = Datasette::builder().secret(secret).build();
    let session = Session::new(datasette, Clock::new(Some(17e8)));
    let mut out = Vec::new();
    let limits = Limits { threads, ..LIMITS };
    serve(session, limits, &mut Pieces(input, size), &mut out, || {}).unwrap();
    String::from_utf8(out).unwrap()
}

/// Compares the ids of the answers with the ids of the requests.
fn check(input: &[u8], answers: &str) {
    let input = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let is_framed =
        [&b"content-length:"[..], b"content-type:"].iter().any(|name| begins(input, name));
    let (pieces, answers) = if is_framed {
        (frames(input), contents(answers))
    } else {
        assert!(answers.is_empty() || answers.ends_with('\n'), "an unfinished line");
        (lines(input), answers.split_terminator('\n').collect())
    };
    let mut answers = answers.into_iter().map(|answer| json(answer).unwrap().get());
    for (number, piece) in pieces {
        let expected = match piece.map_or(Asked::Once("null"), Asked::by) {
            Asked::Nothing => continue,
            Asked::Once(id) => vec![id],
            Asked::Batch(ids) => ids,
        };
        let answer = answers.next().unwrap();
        let answered = match serde_json::from_str::<Vec<&RawValue>>(answer) {
            Ok(batch) => batch.iter().map(|answer| id_of(answer.get(), number)).collect(),
            Err(_) => vec![id_of(answer, number)],
        };
        assert_eq!(answered, expected, "{answer}");
    }
    assert_eq!(answers.next(), None);
}

fn begins(text: &[u8], name: &[u8]) -> bool {
    text.len() >= name.len() && text[..name.len()].eq_ignore_ascii_case(name)
}

/// The contents of the frames of answers.
fn contents(mut answers: &str) -> Vec<&str> {
    let mut found = Vec::new();
    while !answers.is_empty() {
        let rest = answers.strip_prefix("Content-Length: ").unwrap();
        let (length, rest) = rest.split_once("\r\n\r\n").unwrap();
        let (content, rest) = rest.split_at(length.parse().unwrap());
        found.push(content);
        answers = rest;
    }
    found
}

/// The messages of an input with their numbers, `None` where one is answered unread.
type Messages<'a> = Vec<(usize, Option<&'a [u8]>)>;

/// The lines that may have an answer, up to the first that belongs to another protocol.
fn lines(input: &[u8]) -> Messages<'_> {
    let mut found = Vec::new();
    // How many containers of a text that spans lines are open.
    let mut open = 0;
    let last = input.iter().filter(|&&byte| byte == b'\n').count();
    for (number, line) in input.split(|&byte| byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").filter(|_| number < last).unwrap_or(line);
        let number = number + 1;
        if line.len() > LIMITS.max_line {
            open = 0;
            found.push((number, None));
            continue;
        }
        if line.iter().all(|byte| b" \t\r".contains(byte)) {
            continue;
        }
        if is_foreign(line) {
            found.push((number, None));
            break;
        }
        if open > 0 && b" \t\"}]".contains(&line[0]) && !has_request(line) {
            open = open_after(line, open).unwrap_or(0);
            continue;
        }
        let end = line.iter().rfind(|byte| !b" \t".contains(byte));
        let spans_lines = end.is_some_and(|byte| b"{[,:".contains(byte));
        open = open_after(line, 0).filter(|_| spans_lines).unwrap_or(0);
        found.push((number, Some(line)));
    }
    found
}

/// Whether a line is a valid request or has one in a batch.
fn has_request(line: &[u8]) -> bool {
    let Some(text) = std::str::from_utf8(line).ok().and_then(json) else { return false };
    match serde_json::from_str::<Vec<&RawValue>>(text.get()) {
        Ok(batch) => batch.iter().any(|one| is_request(one.get())),
        Err(_) => is_request(text.get()),
    }
}

fn is_foreign(line: &[u8]) -> bool {
    let words: Vec<_> = line.split(|&byte| byte == b' ').collect();
    let is_http = words.len() == 3
        && line[0].is_ascii_uppercase()
        && words[0].iter().all(u8::is_ascii_uppercase)
        && words[2].starts_with(b"HTTP/");
    is_http || begins(line, b"content-length:") || begins(line, b"content-type:")
}

/// How many containers are open behind a line; `None` if that cannot be.
fn open_after(line: &[u8], open: usize) -> Option<usize> {
    let (mut open, mut quoted, mut escaped) = (open, false, false);
    for byte in line {
        match (quoted, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => quoted = !quoted,
            (false, b'{' | b'[') => open += 1,
            (false, b'}' | b']') => open = open.checked_sub(1)?,
            _ => {}
        }
    }
    (!quoted).then_some(open)
}

/// The frames of an input, up to the first that is broken.
fn frames(mut input: &[u8]) -> Messages<'_> {
    let mut found = Messages::new();
    while !is_at_end(input) {
        let number = found.len() + 1;
        let Some((length, rest)) = headers(input) else {
            found.push((number, None));
            break;
        };
        if length > LIMITS.max_line as u64 {
            found.push((number, None));
            input = &rest[usize::try_from(length).map_or(rest.len(), |it| it.min(rest.len()))..];
            continue;
        }
        let Some((content, rest)) = rest.split_at_checked(length as usize) else {
            found.push((number, None));
            break;
        };
        // Here blank content is a message.
        let is_blank = content.iter().all(|byte| b" \t\r".contains(byte));
        found.push((number, Some(content).filter(|_| !is_blank)));
        input = rest;
    }
    found
}

/// Whether nothing but blank lines is left.
fn is_at_end(mut input: &[u8]) -> bool {
    while let Some(rest) = input.strip_prefix(b"\n").or_else(|| input.strip_prefix(b"\r\n")) {
        input = rest;
    }
    input.is_empty()
}

/// The length of the next frame's content, and what begins with it; `None` if it is broken.
fn headers(mut input: &[u8]) -> Option<(u64, &[u8])> {
    let (mut size, mut length) = (0, None);
    loop {
        let end = input.iter().position(|&byte| byte == b'\n')?;
        let line = input[..end].strip_suffix(b"\r").unwrap_or(&input[..end]);
        input = &input[end + 1..];
        match (line, size) {
            (b"", 0) => continue,
            (b"", _) => return Some((length?, input)).filter(|_| size + end < 4096),
            _ => size += end + 1,
        }
        let line = String::from_utf8_lossy(line).to_ascii_lowercase();
        let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
        let (name, value) = line.split_once(':')?;
        let is_valid = match name {
            "content-length" => length.replace(digits(trim(value))?).is_none(),
            "content-type" => value.split(';').skip(1).all(is_not_another_charset),
            _ => !name.is_empty() && name.chars().all(is_token),
        };
        if !is_valid {
            return None;
        }
    }
}

fn trim(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_ascii_whitespace())
}

fn digits(text: &str) -> Option<u64> {
    text.parse().ok().filter(|_| text.bytes().all(|byte| byte.is_ascii_digit()))
}

fn is_not_another_charset(parameter: &str) -> bool {
    let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
    let value = trim(value);
    let value = value.strip_prefix('"').unwrap_or(value);
    let value = value.strip_suffix('"').unwrap_or(value);
    trim(name) != "charset" || ["utf-8", "utf8"].contains(&value)
}

/// Checks that a text is an answer to the message of that number; its id.
fn id_of(answer: &str, line: usize) -> &str {
    let Members(members) = serde_json::from_str(answer).unwrap();
    let names: Vec<_> = members.iter().map(|(name, _)| &*name.0).collect();
    let (id, outcome) = (members[1].1.get(), members[2].1.get());
    if names == [b"jsonrpc", &b"id"[..], b"error"] {
        assert!(!outcome.starts_with(r#"{"code":-32603,"#), "a panic: {answer}");
        let is_parse_error = outcome.starts_with(r#"{"code":-32700,"#);
        assert_eq!(
            is_parse_error,
            outcome.ends_with(&format!(r#","line":{line}}}}}"#)),
            "{answer}"
        );
    } else {
        assert_eq!(names, [b"jsonrpc", &b"id"[..], b"result"], "{answer}");
    }
    id
}

/// The ids of the answers that a message asks for.
enum Asked<'a> {
    Nothing,
    Once(&'a str),
    Batch(Vec<&'a str>),
}

impl<'a> Asked<'a> {
    fn by(line: &'a [u8]) -> Self {
        const NULL: Asked<'static> = Asked::Once("null");
        let Some(text) = std::str::from_utf8(line).ok().and_then(json) else { return NULL };
        let Ok(batch) = serde_json::from_str::<Vec<&RawValue>>(text.get()) else {
            return asked_id(text.get()).map_or(Self::Nothing, Self::Once);
        };
        if batch.is_empty() || batch.len() > LIMITS.max_batch {
            return NULL;
        }
        let ids: Vec<_> = batch.iter().filter_map(|one| asked_id(one.get())).collect();
        if ids.is_empty() { Self::Nothing } else { Self::Batch(ids) }
    }
}

/// The first member of a name, and whether there is another one.
fn named<'a>(members: &[(Wtf8, &'a RawValue)], wanted: &str) -> Option<(&'a str, bool)> {
    let mut found = members.iter().filter(|(name, _)| name.0 == wanted.as_bytes());
    found.next().map(|(_, value)| (value.get(), found.next().is_some()))
}

fn is_id(id: &str) -> bool {
    !id.starts_with(['{', '[', 't', 'f'])
}

/// The id to answer a request with, `None` for a notification.
fn asked_id(request: &str) -> Option<&str> {
    let Ok(Members(members)) = serde_json::from_str(request) else { return Some("null") };
    match named(&members, "id") {
        Some((id, false)) if is_id(id) => return Some(id),
        Some(_) => return Some("null"),
        None => {}
    }
    (!is_request(request)).then_some("null")
}

fn is_request(request: &str) -> bool {
    let Ok(Members(members)) = serde_json::from_str(request) else { return false };
    let named = |wanted| named(&members, wanted);
    let is_string = |value: &str| value.starts_with('"');
    let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let is_version =
        |value| is_string(value) && serde_json::from_str(value).ok() == Some("2.0".to_owned());
    names.windows(2).all(|pair| pair[0] != pair[1])
        && named("id").is_none_or(|(id, _)| is_id(id))
        && named("jsonrpc").is_some_and(|(version, _)| is_version(version))
        && named("method").is_some_and(|(method, _)| is_string(method))
        && named("params").is_none_or(|(params, _)| params.starts_with(['{', '[', 'n']))
        && members
            .iter()
            .all(|(name, value)| name.0 == b"params" || depth_of(value.get()) < MAX_DEPTH)
}
