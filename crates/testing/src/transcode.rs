//! The transcoder writes what two trees write: one made by serde_json, and pyjson's own.

use pyjson::{
    Error, ErrorKind, Keys, MAX_DEPTH, MAX_INTEGER_DIGITS, Rules, Scanner, Value, loads,
    loads_strict, transcode, write_float,
};
use serde_json::value::RawValue;

use super::json::{Members, Wtf8, json};

/// Checks what a fuzzer found, where it is text.
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
    check_python(text);
    if let Some(theirs) = judged {
        assert_eq!(text_of(&ours), text_of(&theirs), "{text}");
        check_accepted(text, &ours);
    } else {
        check_refused(text);
    }
}

/// The scanner steps over JSON only, and over no text that the transcoder calls no JSON.
fn check_scanner(text: &str, outcome: Result<(), Error>) {
    let mut scanner = Scanner::new(text);
    let skipped = scanner.raw_value().and_then(|raw| scanner.end().map(|()| raw));
    match (skipped, json(text)) {
        (Ok(raw), Some(value)) => {
            assert_eq!(raw.text, value.get());
            assert_eq!(raw.depth, depth_of(raw.text), "{text}");
            assert_ne!(outcome.map_err(|error| error.kind()), Err(ErrorKind::Syntax), "{text}");
        }
        (Err(_), None) => {}
        (skipped, _) => panic!("{skipped:?}: {text}"),
    }
}

/// Under Python's rules the transcoder writes what Python's tree writes.
fn check_python(text: &str) {
    let mut scanner = Scanner::with_keys(text, Rules::Python, Keys::default());
    let mut ours = Vec::new();
    let outcome = scanner.transcode(&mut ours).and_then(|()| scanner.end());
    let tree = loads(text);
    assert_eq!(outcome.is_ok(), tree.is_ok(), "{outcome:?}, {tree:?}: {text}");
    let Ok(tree) = tree else { return };
    match tree.to_json() {
        Ok(json) => {
            assert_eq!(text_of(&ours), json, "{text}");
            assert!(!scanner.has_python_number(), "{text}");
        }
        Err(_) => assert!(scanner.has_python_number(), "{text}"),
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
    assert_eq!(text_of(&again), text_of(ours), "Python's spelling changes");
}

/// The strict tree accepts one thing more: lone surrogates.
fn check_refused(text: &str) {
    if let (Ok(tree), Some(_)) = (loads_strict(text), json(text)) {
        assert!(has_lone_surrogate(&tree), "{text}");
    }
}

fn has_lone_surrogate(value: &Value<'_>) -> bool {
    match value {
        Value::Str(text) => text.to_str().is_none(),
        Value::List(items) => items.iter().any(has_lone_surrogate),
        Value::Dict(members) => {
            members.iter().any(|(key, value)| key.to_str().is_none() || has_lone_surrogate(value))
        }
        _ => false,
    }
}

fn text_of(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

/// How many containers are open at most.
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

/// `json.dumps(json.loads(json))` by way of serde_json, `None` for a value that may not be signed.
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
