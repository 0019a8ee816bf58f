//! What people read about it.

use std::collections::BTreeMap;
use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

use super::fixtures::{Answer, Group};
use super::judge::{Checks, Got, Outcome};
use super::requests::Place;
use dstok::datasette::Datasette;
use dstok::pyjson::{loads, write_indented};

/// The table by group, then the first scenarios that differ.
pub(super) fn text(groups: &[Group], outcome: &Outcome, show: usize) -> String {
    let mut text = table(groups, outcome);
    if outcome.failed() == 0 {
        text += "\nall answers are those of real Datasette\n";
    }
    for broken in &outcome.broken {
        let _ = write!(text, "\n{broken}\n");
    }
    for (reason, count) in summaries(groups, outcome) {
        let _ = write!(text, "\n{reason}: {count} checks failed\n");
    }
    let mut differing = (0..groups.len())
        .flat_map(|at| outcome.of_group(at))
        .filter_map(|checks| first_difference(checks).map(|first| (checks, first)));
    for (checks, (place, got)) in differing.by_ref().take(show) {
        text.push('\n');
        text += &difference(groups, checks, place, got);
    }
    let more = differing.count();
    if more > 0 {
        let _ = write!(text, "\n{more} more scenarios differ; --show N shows more\n");
    }
    text
}

fn table(groups: &[Group], outcome: &Outcome) -> String {
    let width = groups.iter().map(|group| group.name.len()).max().unwrap_or(0).max("group".len());
    let mut text = format!("{:width$}  scenarios   checks   failed\n", "group");
    let mut total = [0; 3];
    for (at, group) in groups.iter().enumerate() {
        let checks = outcome.of_group(at);
        let row = [
            checks.iter().filter(|checks| checks.count > 0).count(),
            checks.iter().map(|checks| checks.count).sum(),
            checks.iter().map(|checks| checks.failures.len()).sum(),
        ];
        line(&mut text, width, &group.name, row);
        for (total, count) in total.iter_mut().zip(row) {
            *total += count;
        }
    }
    line(&mut text, width, "all", total);
    text
}

fn line(text: &mut String, width: usize, name: &str, [scenarios, checks, failed]: [usize; 3]) {
    let _ = writeln!(text, "{name:width$}  {scenarios:9}  {checks:7}  {failed:7}");
}

/// What failed for one reason that a line can say, with how many checks.
fn summaries(groups: &[Group], outcome: &Outcome) -> BTreeMap<String, usize> {
    let mut summaries = BTreeMap::new();
    for (place, got) in outcome.failures() {
        let reason = match got {
            Got::NotConfigured(reason) => format!("configure was refused with {reason}"),
            Got::Unanswered => "no answer".to_owned(),
            got if got.is_missing_method() => {
                format!("the method {} is missing", place.scenario(groups).method)
            }
            _ => continue,
        };
        *summaries.entry(reason).or_default() += 1;
    }
    summaries
}

/// The failure of a scenario with the newest release, of those that no summary is enough for.
fn first_difference(checks: &Checks) -> Option<&(Place, Got)> {
    let differs = |(_, got): &&(Place, Got)| match got {
        Got::Result(_) => true,
        Got::Error { .. } => !got.is_missing_method(),
        Got::NotConfigured(_) | Got::Unanswered => false,
    };
    checks.failures.iter().filter(differs).max_by_key(|(place, _)| numbers(&place.release))
}

/// The numbers of a version, which order releases of one kind.
fn numbers(release: &str) -> Vec<u64> {
    release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0)).collect()
}

/// A scenario, and how the answer for one release differs.
pub(super) fn difference(groups: &[Group], checks: &Checks, place: &Place, got: &Got) -> String {
    let group = &groups[place.group];
    let scenario = place.scenario(groups);
    let mut text = format!(
        "{}: {} ({}, line {})\n",
        scenario.name,
        scenario.about,
        group.path.display(),
        place.scenario + 2,
    );
    let others = match checks.failures.len() - 1 {
        0 => String::new(),
        1 => " and one more release".to_owned(),
        others => format!(" and {others} more releases"),
    };
    let _ = writeln!(text, "  {} as Datasette {}{others}", scenario.method, place.release);
    let answer = place.answer(groups);
    for line in explain(answer, got).lines() {
        let _ = writeln!(text, "  {line}");
    }
    text
}

/// What differs, in words and lines.
fn explain(answer: &Answer, got: &Got) -> String {
    let (expected, got) = (answer.result(), got);
    match (expected, got) {
        (Some(expected), Got::Result(got)) => match (signed(&expected), signed(got)) {
            (Some(expected), Some(got)) => explain_signed(&expected, &got),
            (Some(expected), None) => format!(
                "expected a signed value, got {}\n{}",
                kind_of_json(got),
                changes(&indented(&expected.payload), "")
            ),
            _ => changes(&indented(&expected), &indented(got)),
        },
        (Some(expected), got) => match signed(&expected) {
            Some(signed) => format!(
                "expected a signed value, got {}; its payload would be\n{}",
                named(got),
                changes(&indented(&signed.payload), "")
            ),
            None => format!("got {} instead of\n{}", named(got), changes(&indented(&expected), "")),
        },
        (None, Got::Result(got)) => {
            let what = match signed(got) {
                Some(signed) => format!(
                    "a signed value with this payload\n{}",
                    changes("", &indented(&signed.payload))
                ),
                None => format!("the result\n{}", changes("", &indented(got))),
            };
            format!("expected {}, got {what}", expected_error(answer))
        }
        (None, got) => format!("expected {}, got {}", expected_error(answer), named(got)),
    }
}

fn expected_error(answer: &Answer) -> String {
    let kind = answer.error.as_deref().unwrap_or("an error");
    match &answer.message {
        Some(message) => format!("the error {kind} with the message {message:?}"),
        None => format!("the error {kind}"),
    }
}

fn named(got: &Got) -> String {
    match got {
        Got::Error { kind, message } => format!("the error {kind} with the message {message:?}"),
        Got::Result(text) => kind_of_json(text).to_owned(),
        Got::NotConfigured(_) | Got::Unanswered => "no answer".to_owned(),
    }
}

/// A signed value, taken apart.
struct Signed {
    prefix: bool,
    payload: String,
    compressed: bool,
    body: String,
}

/// Takes a result apart that is a token, a cookie or another signed value. The signature is
/// left out: nothing that could be used as a token is printed.
fn signed(json: &str) -> Option<Signed> {
    const PREFIX: &str = dstok::datasette::TOKEN_PREFIX;
    let text: String = serde_json::from_str(json).ok()?;
    let value = text.strip_prefix(PREFIX).unwrap_or(&text);
    let (body, _) = value.rsplit_once('.')?;
    let inspection = Datasette::new().inspect_token(&format!("{PREFIX}{value}"), 0.0).ok()?;
    Some(Signed {
        prefix: text.starts_with(PREFIX),
        payload: String::from_utf8(inspection.payload?).ok()?,
        compressed: inspection.compressed,
        body: body.to_owned(),
    })
}

fn explain_signed(expected: &Signed, got: &Signed) -> String {
    let is = |compressed: bool| if compressed { "compressed" } else { "not compressed" };
    if expected.prefix != got.prefix {
        return "the prefix dstok_ is there in one and not in the other".to_owned();
    }
    if expected.payload != got.payload {
        let changes = changes(&indented(&expected.payload), &indented(&got.payload));
        return format!("the payload differs:\n{changes}");
    }
    if expected.compressed != got.compressed {
        return format!(
            "the payload is the same, but {} where Datasette's is {}: it compresses when that \
             makes the payload shorter by at least two bytes",
            is(got.compressed),
            is(expected.compressed)
        );
    }
    if expected.body == got.body {
        return "the payload is the same to the byte; only the signature differs: the key or the \
                namespace"
            .to_owned();
    }
    if expected.compressed {
        return "the payload is the same, but its compressed bytes differ: Python compresses with \
                zlib's level 6"
            .to_owned();
    }
    "the payload is the same value spelled otherwise: separators, escapes, or how numbers are \
     written"
        .to_owned()
}

fn kind_of_json(json: &str) -> &'static str {
    match json.as_bytes().first() {
        Some(b'"') => "a string that is no signed value",
        Some(b'{') => "an object",
        Some(b'[') => "an array",
        Some(b'n') => "null",
        Some(b't' | b'f') => "a boolean",
        _ => "a number",
    }
}

/// JSON with a member a line.
fn indented(json: &str) -> String {
    let mut out = Vec::new();
    match loads(json).map(|_| write_indented(&mut out, json)) {
        Ok(Ok(())) => String::from_utf8_lossy(&out).into_owned() + "\n",
        _ => json.to_owned() + "\n",
    }
}

/// The lines that are expected and the lines that came.
fn changes(expected: &str, got: &str) -> String {
    let mut text = String::new();
    for change in TextDiff::from_lines(expected, got).iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
            ChangeTag::Equal => ' ',
        };
        let line: String = change.value().trim_end().chars().take(200).collect();
        let _ = writeln!(text, "{sign} {line}");
    }
    text
}
