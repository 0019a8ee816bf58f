//! The documentation is true: its examples print what they show, and nothing is left out.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the documents are what is tested")]

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use datasette_tokens::{Feature, NotSupported, Release};
use dstok::sidecar::methods::METHODS;
use dstok::sidecar::protocol::ErrorKind;

fn document(name: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

fn dstok(args: &[&str], input: &str) -> String {
    dstok_with_stderr(args, input).0
}

/// What is printed on stdout and on stderr.
fn dstok_with_stderr(args: &[&str], input: &str) -> (String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_dstok"))
        .args(args)
        .env("DATASETTE_SECRET", "not-a-secret")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// The indented lines after the line that begins with `start`.
fn example<'t>(text: &'t str, start: &str) -> (Vec<&'t str>, Vec<&'t str>) {
    let mut lines = text.lines().skip_while(|line| !line.trim_start().starts_with(start));
    let command: Vec<_> = lines.next().unwrap().split_whitespace().skip(2).collect();
    (command, lines.map_while(|line| line.strip_prefix("    ")).collect())
}

/// The command of an example and what it shows, blank lines included.
fn long_example<'t>(text: &'t str, start: &str) -> (Vec<&'t str>, String) {
    let (command, _) = example(text, start);
    let lines = text.lines().skip_while(|line| !line.trim_start().starts_with(start)).skip(1);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    let shown: Vec<_> = lines.map(|line| line.strip_prefix("    ").unwrap_or(line)).collect();
    (command, shown.join("\n").trim_end().to_owned())
}

#[test]
fn what_conformance_says_in_the_documents() {
    for (name, start) in [
        ("docs/how-to/conformance.md", "$ dstok conformance --group"),
        ("docs/how-to/conformance.md", "$ dstok conformance --release"),
    ] {
        let text = document(name);
        let (args, shown) = long_example(&text, start);
        let (stdout, stderr) = dstok_with_stderr(&args, "");
        assert_eq!(format!("{stdout}{stderr}").trim_end(), shown, "{name}");
    }
}

/// The lines of code after a line, unindented.
fn code(text: &str, start: &str) -> String {
    let lines = text.lines().skip_while(|line| !line.starts_with(start)).skip(2);
    let lines = lines.take_while(|line| line.is_empty() || line.starts_with("    "));
    lines.map(|line| format!("{}\n", line.strip_prefix("    ").unwrap_or(line))).collect()
}

#[test]
fn the_python_client_of_the_readme() {
    let readme = document("README.md");
    let (_, rest) = readme.split_once("```python\n").unwrap();
    let (snippet, _) = rest.split_once("```\n").unwrap();
    let shown: Vec<_> = snippet
        .lines()
        .filter(|line| line.contains("print("))
        .map(|line| line.rsplit_once("  # ").unwrap().1)
        .collect();
    assert_eq!(shown.len(), 3);
    let done = Command::new("python3")
        .args(["-c", snippet])
        .env("PYTHONPATH", Path::new(env!("CARGO_MANIFEST_DIR")).join("python"))
        .env("DSTOK_BINARY", env!("CARGO_BIN_EXE_dstok"))
        .output()
        .unwrap();
    let printed = String::from_utf8(done.stdout).unwrap();
    assert_eq!(printed.lines().collect::<Vec<_>>(), shown, "{:?}", done.stderr);
}

#[test]
fn the_python_of_the_fixtures() {
    let snippet = code(&document("compat-fixtures/README.md"), "## Check one");
    assert!(snippet.contains("assert "), "{snippet}");
    let done = Command::new("python3").args(["-c", &snippet]).output().unwrap();
    assert!(done.status.success(), "{done:?}");
}

#[test]
fn the_audit_log_of_the_protocol() {
    let protocol = document("docs/reference/protocol.md");
    let shown = protocol.lines().find_map(|line| line.strip_prefix("    {\"time\"")).unwrap();
    let log = Path::new(env!("CARGO_TARGET_TMPDIR")).join("docs-audit.jsonl");
    let _ = fs::remove_file(&log);
    let request =
        r#"{"jsonrpc":"2.0","id":1,"method":"create_token","params":["root",3600,["view-table"]]}"#;
    dstok(&["serve", "--now", "1700000000", "--audit-log", log.to_str().unwrap()], request);
    let written = fs::read_to_string(log).unwrap();
    let (written, _) = written.rsplit_once(":\"").unwrap();
    assert_eq!(written, format!("{{\"time\"{}", shown.rsplit_once(":\"").unwrap().0));
}

#[test]
fn the_requests_of_the_conformance_page() {
    let page = document("docs/how-to/conformance.md");
    let requests = page.lines().filter_map(|line| line.strip_prefix("    {\"jsonrpc\""));
    let requests: Vec<_> = requests.map(|line| format!("{{\"jsonrpc\"{line}\n")).collect();
    assert_eq!(requests.len(), 2);
    let answers = dstok(&["serve"], &requests.concat());
    assert_eq!(answers.matches("\"result\":").count(), 2, "{answers}");
}

#[test]
fn every_method_and_parameter_is_documented() {
    let protocol = document("docs/reference/protocol.md");
    for method in METHODS {
        assert!(protocol.contains(&format!("| `{}` |", method.name)), "{}", method.name);
        for parameter in method.parameters {
            let name = parameter.name;
            assert!(protocol.contains(&format!("`{name}`")), "{name}");
        }
    }
}

#[test]
fn every_option_of_serve_is_documented() {
    let protocol = document("docs/reference/protocol.md");
    let help = dstok(&["serve", "--help"], "");
    let options = help.lines().filter_map(|line| line.trim_start().strip_prefix("--"));
    let mut count = 0;
    for option in options {
        let name = option.split_whitespace().next().unwrap();
        count += 1;
        assert!(protocol.contains(&format!("`--{name}")), "--{name}");
    }
    assert!(count > 8, "the options were not found in the help");
}

/// The rows of the table under a heading, without the header.
fn table<'t>(text: &'t str, heading: &str) -> Vec<&'t str> {
    let lines = text.lines().skip_while(|line| *line != heading);
    let lines = lines.skip_while(|line| !line.starts_with('|')).skip(2);
    lines.take_while(|line| line.starts_with('|')).collect()
}

#[test]
fn the_table_of_errors_is_the_programs() {
    let row =
        |kind: &ErrorKind| format!("| {} | `{}` | {} |", kind.code(), kind.name(), kind.when());
    let rows: Vec<_> = ErrorKind::ALL.iter().map(row).collect();
    assert_eq!(table(&document("docs/reference/protocol.md"), "## Errors"), rows);
}

/// The string literals of a source file from a line on to the next line that is just `}`, with `…`
/// for what is formatted in.
fn literals(path: &str, start: &str) -> BTreeSet<String> {
    let text = document(path).replace("\\\"", "''");
    let (_, text) = text.split_once(start).unwrap();
    let (text, _) = text.split_once("\n}\n").unwrap();
    let literal = |text: &str| {
        let mut lines = text.split("\\\n");
        let first = lines.next().unwrap().to_owned();
        let text = lines.fold(first, |text, line| text + line.trim_start());
        let parts = text.replace("''", "\"");
        let parts =
            parts.split('{').map(|part| part.split_once('}').map_or(part, |(_, rest)| rest));
        parts.collect::<Vec<_>>().join("…").replace("……", "…")
    };
    text.split('"').skip(1).step_by(2).map(literal).collect()
}

/// The program says what the table of messages says, and the table has what is said of a token.
#[test]
fn the_table_of_messages_is_the_programs() {
    let page = document("docs/how-to/troubleshoot.md");
    let rows = page.lines().filter_map(|line| line.strip_prefix("| `"));
    let rows = rows.map(|row| row.split_once('`').unwrap().0.to_owned());
    let documented: BTreeSet<_> = rows.collect();
    let exceptions = "crates/datasette-tokens/src/itsdangerous/exc.rs";
    let errors = "crates/datasette-tokens/src/error.rs";
    let mut said = literals(errors, "impl fmt::Display for TokenInvalid");
    said.append(&mut literals(exceptions, "impl fmt::Display for BadPayload"));
    said.append(&mut literals(exceptions, "impl fmt::Display for BadSignature"));
    said.append(&mut literals("src/policy/limits.rs", "impl Limits"));
    assert_eq!(said.difference(&documented).collect::<Vec<_>>(), Vec::<&String>::new());
    said.append(&mut literals(errors, "impl fmt::Display for Error"));
    said.append(&mut literals("src/policy/limits.rs", "fn unknown_action_error"));
    said.extend(
        [Feature::ApiTokens, Feature::TokenRestrictions].map(|one| NotSupported(one).to_string()),
    );
    assert_eq!(documented.difference(&said).collect::<Vec<_>>(), Vec::<&String>::new());
}

/// `scripts/actions_table` asked real Datasette.
#[test]
fn the_table_of_actions_is_that_of_every_release() {
    let page = document("docs/reference/actions.md");
    let title = page.lines().next().unwrap();
    let rows: Vec<Vec<_>> = table(&page, title)
        .iter()
        .map(|row| {
            row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`')).collect()
        })
        .collect();
    let newest = Release::newest();
    let newest: u32 = newest.name().strip_prefix("1.0a").unwrap().parse().unwrap();
    for alpha in 0..=newest {
        let release: Release = format!("1.0a{alpha}").parse().unwrap();
        let since = |row: &&Vec<&str>| {
            let since = row[2].strip_prefix("1.0a").unwrap().strip_suffix(" on").unwrap();
            since.parse::<u32>().unwrap() <= alpha
        };
        let documented: BTreeSet<_> =
            rows.iter().filter(since).map(|row| (row[0], row[1])).collect();
        assert_eq!(documented, release.actions().collect(), "{release}");
    }
    assert!(rows.len() > 20, "the table was not found");
}
