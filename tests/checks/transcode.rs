//! The transcoder writes what two trees write: one of serde_json's making, and dstok's own.
#![allow(clippy::unwrap_used, reason = "a checker that cannot go on fails")]

use dstok::pyjson::{
    Error, ErrorKind, MAX_DEPTH, MAX_INTEGER_DIGITS, Scanner, Value, loads, loads_strict,
    transcode, write_float,
};
use serde_json::value::RawValue;

use super::json::{Members, Wtf8, json};

/// What a fuzzer found, where it is text.
pub fn any_input(input: &[u8]) {
    if let Ok(text) = std::str::from_utf8(input) {
        check(text);
    }
}

fn check(text: &str) {
    let mut ours = Vec::new();
    let outcome = transcode(text, &mut ours);
    let judged = json(text).and_then(|raw| {
        let mut theirs = Vec::new();
        dump(raw.get(), 0, &mut theirs).map(|()| theirs)
    });
    assert_eq!(outcome.is_ok(), judged.is_some(), "{outcome:?}: {text}");
    check_scanner(text, outcome);
    if let Some(theirs) = judged {
        assert_eq!(text_of(&ours), text_of(&theirs), "{text}");
        check_accepted(text, &ours);
    } else {
        check_refused(text);
    }
}

/// What the scanner steps over is JSON, and what the transcoder calls no JSON is none.
fn check_scanner(text: &str, outcome: Result<(), Error>) {
    let mut scanner = Scanner::new(text);
    let skipped = scanner.raw_value().and_then(|raw| scanner.end().map(|()| raw));
    match (skipped, json(text)) {
        (Ok((raw, depth)), Some(value)) => {
            assert_eq!(raw, value.get());
            assert_eq!(depth, depth_of(raw), "{text}");
            assert_ne!(outcome.map_err(|error| error.kind()), Err(ErrorKind::Syntax), "{text}");
        }
        (Err(_), None) => {}
        (skipped, _) => panic!("{skipped:?}: {text}"),
    }
}

fn check_accepted(text: &str, ours: &[u8]) {
    for tree in [loads(text), loads_strict(text)] {
        let mut written = Vec::new();
        tree.unwrap().write(&mut written).unwrap();
        assert_eq!(text_of(&written), text_of(ours), "{text}");
    }
    let mut again = Vec::new();
    transcode(text_of(ours), &mut again).unwrap();
    assert_eq!(text_of(&again), text_of(ours), "what is in Python's spelling stays so");
}

/// dstok's own tree, which takes more, has in it what is refused.
fn check_refused(text: &str) {
    if let (Ok(tree), Some(_)) = (loads_strict(text), json(text)) {
        assert!(has_lone_surrogate(&tree), "{text}");
    }
}

fn has_lone_surrogate(value: &Value<'_>) -> bool {
    let is_lone = |text: &[u8]| std::str::from_utf8(text).is_err();
    match value {
        Value::Str(text) => is_lone(text),
        Value::List(items) => items.iter().any(has_lone_surrogate),
        Value::Dict(members) => {
            members.iter().any(|(key, value)| is_lone(key) || has_lone_surrogate(value))
        }
        _ => false,
    }
}

fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// How many brackets are open at most.
pub fn depth_of(json: &str) -> usize {
    let (mut depth, mut deepest, mut in_string, mut escaped) = (0, 0, false, false);
    for byte in json.bytes() {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => in_string = !in_string,
            b'[' | b'{' if !in_string => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    deepest
}

/// `json.dumps(json.loads(json))` by way of serde_json, `None` for what may not be signed.
fn dump(json: &str, depth: usize, out: &mut Vec<u8>) -> Option<()> {
    match json.as_bytes()[0] {
        b'[' | b'{' if depth == MAX_DEPTH => return None,
        b'[' => {
            let items: Vec<&RawValue> = serde_json::from_str(json).unwrap();
            out.push(b'[');
            for (index, item) in items.iter().enumerate() {
                out.extend((index > 0).then_some(b','));
                dump(item.get(), depth + 1, out)?;
            }
            out.push(b']');
        }
        b'{' => {
            let Members(members) = serde_json::from_str(json).unwrap();
            let mut names: Vec<_> = members.iter().map(|(name, _)| name).collect();
            names.sort_unstable();
            if names.windows(2).any(|pair| pair[0] == pair[1]) {
                return None;
            }
            out.push(b'{');
            for (index, (name, value)) in members.iter().enumerate() {
                out.extend((index > 0).then_some(b','));
                dump_string(name, out)?;
                out.push(b':');
                dump(value.get(), depth + 1, out)?;
            }
            out.push(b'}');
        }
        b'"' => dump_string(&serde_json::from_str(json).unwrap(), out)?,
        b'-' | b'0'..=b'9' => dump_number(json, out)?,
        _ => out.extend_from_slice(json.as_bytes()),
    }
    Some(())
}

fn dump_string(Wtf8(bytes): &Wtf8, out: &mut Vec<u8>) -> Option<()> {
    let text = std::str::from_utf8(bytes).ok()?;
    serde_json::to_writer(out, text).unwrap();
    Some(())
}

fn dump_number(json: &str, out: &mut Vec<u8>) -> Option<()> {
    if json.contains(['.', 'e', 'E']) {
        let float: f64 = json.parse().unwrap();
        write_float(out, Some(float).filter(|float| float.is_finite())?);
    } else {
        let digits = json.trim_start_matches('-').len();
        let json = if json == "-0" { "0" } else { json };
        out.extend_from_slice(Some(json).filter(|_| digits <= MAX_INTEGER_DIGITS)?.as_bytes());
    }
    Some(())
}
