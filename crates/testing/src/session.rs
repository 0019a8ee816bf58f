//! A session of `serve` over any bytes. Each request is answered once, in order, under the id it
//! was asked with, however the bytes arrive and however many threads answer.

use std::io::{self, Read};

use datasette_tokens::{Datasette, Secret};
use dstok::sidecar::methods::{Clock, Session};
use dstok::sidecar::serve::{Limits, serve};
use pyjson::MAX_DEPTH;
use serde_json::value::RawValue;

use super::json::{Members, json};
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
    assert!(answers.is_empty() || answers.ends_with('\n'), "an unfinished line");
    let mut answers = answers.lines().map(|line| json(line).unwrap().get());
    let lines = input.strip_prefix(b"\xef\xbb\xbf").unwrap_or(input);
    let last = lines.iter().filter(|&&byte| byte == b'\n').count();
    for (number, line) in lines.split(|&byte| byte == b'\n').enumerate() {
        let ended = line.strip_suffix(b"\r").filter(|_| number < last);
        let expected = match Asked::by(ended.unwrap_or(line)) {
            Asked::Nothing => continue,
            Asked::Once(id) => vec![id],
            Asked::Batch(ids) => ids,
        };
        let answer = answers.next().unwrap();
        let answered = match serde_json::from_str::<Vec<&RawValue>>(answer) {
            Ok(batch) => batch.iter().map(|answer| id_of(answer.get(), number + 1)).collect(),
            Err(_) => vec![id_of(answer, number + 1)],
        };
        assert_eq!(answered, expected, "{answer}");
    }
    assert_eq!(answers.next(), None);
}

/// Checks that a text is an answer to the line of that number; its id.
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

/// The ids of the answers that a line asks for.
enum Asked<'a> {
    Nothing,
    Once(&'a str),
    Batch(Vec<&'a str>),
}

impl<'a> Asked<'a> {
    fn by(line: &'a [u8]) -> Self {
        const NULL: Asked<'static> = Asked::Once("null");
        if line.len() > LIMITS.max_line {
            return NULL;
        }
        if line.iter().all(|byte| b" \t\r".contains(byte)) {
            return Self::Nothing;
        }
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

/// The id to answer a request with, `None` for a notification.
fn asked_id(request: &str) -> Option<&str> {
    let Ok(Members(members)) = serde_json::from_str(request) else { return Some("null") };
    let named = |wanted: &str| {
        let mut found = members.iter().filter(move |(name, _)| name.0 == wanted.as_bytes());
        found.next().map(|(_, value)| (value.get(), found.next().is_some()))
    };
    let is_string = |value: &str| value.starts_with('"');
    match named("id") {
        Some((id, false)) if !id.starts_with(['{', '[', 't', 'f']) => return Some(id),
        Some(_) => return Some("null"),
        None => {}
    }
    let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    let is_version =
        |value| is_string(value) && serde_json::from_str(value).ok() == Some("2.0".to_owned());
    let valid = names.windows(2).all(|pair| pair[0] != pair[1])
        && named("jsonrpc").is_some_and(|(version, _)| is_version(version))
        && named("method").is_some_and(|(method, _)| is_string(method))
        && named("params").is_none_or(|(params, _)| params.starts_with(['{', '[', 'n']))
        && members
            .iter()
            .all(|(name, value)| name.0 == b"params" || depth_of(value.get()) < MAX_DEPTH);
    (!valid).then_some("null")
}
