//! Birth, signals and death of `dstok serve`, and failing streams.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use std::fs::File;
use std::io::{BufRead, BufReader, Read as _, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::Stdio;
use std::thread;
use std::time::Duration;

use common::{
    Outcome, PATIENCE, PONG, Peer, READY, cli, dstok, error, file, full_device, read_in_background,
    request, run, wait,
};

fn ping() -> String {
    request("ping", "[]") + "\n"
}

/// Runs with `stdout` in place of a pipe that somebody reads.
fn run_into(args: &[&str], stdout: impl Into<Stdio>, input: &str) -> Outcome {
    let mut child =
        dstok(args).stdin(Stdio::piped()).stdout(stdout).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stderr = read_in_background(child.stderr.take().unwrap());
    let input = input.to_owned();
    thread::spawn(move || stdin.write_all(input.as_bytes()));
    let code = wait(&mut child);
    Outcome { code, stdout: String::new(), stderr: stderr.recv().unwrap() }
}

/// The writing end of a pipe whose reader is gone.
fn closed_pipe() -> std::io::PipeWriter {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer
}

#[track_caller]
fn assert_io_error(outcome: &Outcome) {
    assert_eq!(outcome.code, Some(74), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1, "{outcome:?}");
    assert!(!outcome.stderr.contains("panic"), "{outcome:?}");
}

#[test]
fn end_of_input_ends_it_with_success() {
    for (input, answers) in [("\n", 0), (&*ping(), 1), (&*ping().repeat(100), 100), ("{", 1)] {
        let outcome = run(&mut dstok(READY), input);
        outcome.quiet_success();
        assert_eq!(outcome.answers().len(), answers);
    }
}

#[test]
fn an_input_without_a_byte_is_told_of() {
    let outcome = run(&mut dstok(READY), "");
    assert_eq!((outcome.code, &*outcome.stdout), (Some(0), ""));
    assert!(outcome.stderr.starts_with("dstok: stdin ended before any request"), "{outcome:?}");
    assert_eq!(outcome.stderr.lines().count(), 1);
}

/// Somebody who looks at a terminal wants to know, also where blank lines came.
#[cfg(target_os = "linux")]
#[test]
fn on_a_terminal_an_input_without_a_request_is_told_of() {
    for (input, told) in [("", true), ("\n \n", true), (&*ping(), false), ("{", false)] {
        let terminal = nix::pty::openpty(None, None).unwrap();
        let mut child = dstok(READY)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(terminal.slave)
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        assert_eq!(wait(&mut child), Some(0));
        let mut shown = Vec::new();
        // Fails where nobody writes to a terminal any more.
        let _ = File::from(terminal.master).read_to_end(&mut shown);
        let shown = String::from_utf8_lossy(&shown);
        assert_eq!(shown.contains("stdin ended before any request"), told, "{input:?}: {shown}");
    }
}

#[test]
fn answers_with_errors_are_no_failure_of_the_process() {
    let outcome = run(&mut dstok(["serve"]), "{\n[]\n5\n{}\n".to_owned() + &request("sign", "[1]"));
    outcome.quiet_success();
    assert_eq!(outcome.answers().len(), 5);
}

#[test]
fn sigterm_ends_it_with_success_although_stdin_stays_open() {
    let mut peer = Peer::start(READY);
    peer.send(ping().repeat(3));
    for _ in 0..3 {
        assert_eq!(peer.receive(), PONG);
    }
    peer.signal("TERM");
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[test]
fn sigterm_works_without_any_input() {
    let mut peer = Peer::start(READY);
    peer.send(ping());
    assert_eq!(peer.receive(), PONG, "it is up");
    peer.send("\n\n");
    peer.signal("TERM");
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

/// Whatever was read when the signal came is answered whole, in order, without gaps.
#[test]
fn sigterm_in_a_flood_of_requests_leaves_no_gap_and_no_half_answer() {
    let mut child = dstok(READY)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let stderr = read_in_background(child.stderr.take().unwrap());
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        let request = |id| {
            format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"sign\",\"params\":[1]}}\n")
        };
        (0..u64::MAX).try_for_each(|id| stdin.write_all(request(id).as_bytes()))
    });
    let mut first = String::new();
    stdout.read_line(&mut first).unwrap();
    let id = child.id().to_string();
    assert!(
        std::process::Command::new("kill").args(["-s", "TERM", &id]).status().unwrap().success()
    );
    let rest = read_in_background(stdout);
    assert_eq!(wait(&mut child), Some(0));
    let all = first + &rest.recv_timeout(PATIENCE).unwrap();
    assert!(all.ends_with("}\n"), "half an answer");
    for (line, id) in all.lines().zip(0..) {
        assert!(line.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":""#)), "{line}");
    }
    assert_eq!(stderr.recv().unwrap(), "");
}

#[test]
fn sighup_ends_it_as_sigterm_does() {
    let mut peer = Peer::spawn(common::with_default_signals(&common::dstok(READY)));
    peer.send(ping().repeat(3));
    for _ in 0..3 {
        assert_eq!(peer.receive(), PONG);
    }
    peer.signal("HUP");
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[cfg(target_os = "linux")]
#[test]
fn sighup_is_ignored_if_it_was_at_the_start() {
    let mut command = std::process::Command::new("nohup");
    command.arg(env!("CARGO_BIN_EXE_dstok")).args(READY).env_remove("DATASETTE_SECRET");
    let mut peer = Peer::spawn(command);
    for _ in 0..3 {
        peer.send(ping());
        assert_eq!(peer.receive(), PONG);
        peer.signal("HUP");
    }
    drop(peer.stdin.take());
    assert_eq!(peer.end().0, Some(0));
}

/// While it still reads its start-up files: a FIFO shows how far it has come.
#[test]
fn sigint_at_the_start_does_not_end_it() {
    let path = common::new_path("life_secret_fifo");
    assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
    let serve = common::dstok(["serve", "--secret-file", path.to_str().unwrap()]);
    let mut peer = Peer::spawn(common::with_default_signals(&serve));
    // Returns once the other end is open.
    let mut secret = File::options().write(true).open(&path).unwrap();
    peer.signal("INT");
    secret.write_all(b"a secret").unwrap();
    drop(secret);
    peer.send(ping());
    assert_eq!(peer.receive(), PONG);
    drop(peer.stdin.take());
    let (code, _, stderr) = peer.end();
    assert_eq!(code, Some(0), "{stderr}");
}

#[test]
fn sigint_is_ignored_while_stdin_is_no_terminal() {
    let mut peer = Peer::start(READY);
    peer.send(ping());
    assert_eq!(peer.receive(), PONG);
    for _ in 0..3 {
        peer.signal("INT");
        peer.send(ping());
        assert_eq!(peer.receive(), PONG);
    }
    drop(peer.stdin.take());
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[test]
fn sigint_on_an_idle_process_does_not_look_like_the_end_of_input() {
    let mut peer = Peer::start(READY);
    peer.send(format!("{}{}", ping(), &ping()[..10]));
    assert_eq!(peer.receive(), PONG);
    peer.signal("INT");
    peer.send(&ping()[10..]);
    assert_eq!(peer.receive(), PONG);
    drop(peer.stdin.take());
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

#[test]
fn stdout_closed_before_the_first_answer() {
    let outcome = run_into(&READY, closed_pipe(), &ping());
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""));
}

/// As in `dstok serve < requests | head -n 1`.
#[test]
fn stdout_closed_after_the_first_answer() {
    let (reader, writer) = std::io::pipe().unwrap();
    let first = thread::spawn(move || {
        let mut line = String::new();
        BufReader::new(reader).read_line(&mut line).unwrap();
        line
    });
    let outcome = run_into(&READY, writer, &ping().repeat(200_000));
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""));
    assert_eq!(first.join().unwrap().trim_end(), PONG);
}

/// One thread finds that nobody reads, and another waits for input that does not come.
#[test]
fn stdout_closed_while_stdin_stays_open() {
    for threads in ["1", "2", "8"] {
        let mut command = dstok(READY.iter().chain(&["--threads", threads]));
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(closed_pipe())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = child.stdin.take().unwrap();
        // It may end before it has read all.
        let _ = stdin.write_all(ping().repeat(500).as_bytes());
        assert_eq!(wait(&mut child), Some(0), "{threads} threads");
        let stderr = read_in_background(child.stderr.take().unwrap()).recv().unwrap();
        assert_eq!(stderr, "");
        drop(stdin);
    }
}

/// What came with one read sees one time, but no later call sees it again.
#[test]
fn the_clock_goes_on() {
    for threads in ["1", "2"] {
        let mut peer = Peer::start(["serve", "--secret", "s", "--threads", threads]);
        let mint = request("create_token", "[1]") + "\n";
        let mut tokens = Vec::new();
        for _ in 0..3 {
            peer.send(mint.repeat(500));
            let answers: Vec<_> = (0..500).map(|_| peer.receive()).collect();
            tokens.extend(answers.last().cloned());
            thread::sleep(Duration::from_millis(1100));
        }
        tokens.dedup();
        assert_eq!(tokens.len(), 3, "{threads} threads: {tokens:?}");
    }
}

#[test]
fn command_lines_into_a_closed_pipe_end_quietly() {
    for args in [
        &["create-token", "root", "--secret", "s"][..],
        &["--help"],
        &["serve", "--help"],
        &["--version"],
    ] {
        let outcome = run_into(args, closed_pipe(), "");
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn a_full_disk_is_an_io_error() {
    for (args, input) in [
        (&READY[..], &*ping()),
        (&["create-token", "root", "--secret", "s"], ""),
        (&["--help"], ""),
        (&["--version"], ""),
    ] {
        let Some(full) = full_device() else { return };
        assert_io_error(&run_into(args, full, input));
    }
}

#[test]
fn a_full_disk_is_no_matter_when_there_is_nothing_to_write() {
    let notification = "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}\n";
    let Some(full) = full_device() else { return };
    let outcome = run_into(&READY, full, notification);
    assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""));
}

#[test]
fn a_stdin_that_cannot_be_read_is_an_io_error() {
    let child = dstok(READY)
        .stdin(File::open("/").unwrap())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn();
    let mut child = child.unwrap();
    let code = wait(&mut child);
    let stderr = read_in_background(child.stderr.take().unwrap()).recv().unwrap();
    assert_io_error(&Outcome { code, stdout: String::new(), stderr });
}

/// A warning that nobody can read is no reason to stop.
#[test]
fn a_stderr_that_cannot_be_written_changes_nothing() {
    let Some(full) = full_device() else { return };
    let mut child = dstok(READY)
        .args(["--datasette-version", "1.0a999"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(full)
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(ping().as_bytes()).unwrap();
    let stdout = read_in_background(child.stdout.take().unwrap());
    assert_eq!(wait(&mut child), Some(0));
    assert_eq!(stdout.recv().unwrap().trim_end(), PONG);
}

/// Parents with an event loop make their ends non-blocking, and the flag is shared.
#[test]
fn non_blocking_streams_are_waited_for() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    theirs.set_nonblocking(true).unwrap();
    let output = OwnedFd::from(theirs.try_clone().unwrap());
    let mut child = dstok(READY)
        .stdin(OwnedFd::from(theirs))
        .stdout(output)
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    ours.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut writer = ours.try_clone().unwrap();
    let count = 20_000;
    let sender = thread::spawn(move || {
        writer.write_all(ping().repeat(count).as_bytes()).unwrap();
        writer.shutdown(std::net::Shutdown::Write).unwrap();
    });
    let mut answers = BufReader::new(ours).lines();
    for number in 0..count {
        assert_eq!(answers.next().unwrap().unwrap(), PONG, "answer {number}");
    }
    sender.join().unwrap();
    assert_eq!(wait(&mut child), Some(0));
    let stderr = read_in_background(child.stderr.take().unwrap()).recv().unwrap();
    assert_eq!(stderr, "");
}

#[test]
fn no_fault_in_a_request_ends_the_process() {
    let deep = "[".repeat(100_000);
    let wide = format!("[{}]", vec!["1"; 50_000].join(","));
    let digits = "9".repeat(200_000);
    for fault in [
        deep.as_str(),
        &wide,
        &request("sign", &wide),
        &request("sign", &format!("[{digits}]")),
        "\u{0}",
        "\"",
        &request("create_actor_cookie", &format!("[1,-{digits}]")),
        &request("nope", "{}"),
        &request("sign", "[1e-99999]"),
        &request("create_token", r#"{"actor_id":1,"now":-1.7976931348623157e308}"#),
        &request(
            "create_actor_cookie",
            r#"{"actor":1,"expire_after":1,"now":1.7976931348623157e308}"#,
        ),
    ] {
        let outcome = run(&mut dstok(READY), format!("{fault}\n{}", ping()));
        outcome.quiet_success();
        assert_eq!(outcome.answers().last(), Some(&PONG), "{fault:.80}");
        assert!(!outcome.stdout.contains("-32603"), "{fault:.80}");
    }
}

#[test]
fn help_and_version_go_to_stdout() {
    for args in [&["--help"][..], &["-h"], &["serve", "--help"], &["create-token", "--help"]] {
        let outcome = cli(args);
        outcome.quiet_success();
        assert!(outcome.stdout.contains("Usage:"), "{args:?}");
    }
    let version = cli(["--version"]);
    version.quiet_success();
    assert_eq!(version.stdout, concat!("dstok ", env!("CARGO_PKG_VERSION"), "\n"));
    assert!(cli(["serve", "--help"]).stdout.contains("`ps`"), "that --secret is visible is said");
}

#[test]
fn a_negative_answer_never_looks_like_a_panic() {
    let answer = run(&mut dstok(["serve"]), request("create_token", "[1]"));
    assert_eq!(error(answer.answers()[0]).1, "no_secret");
    assert_eq!(answer.stderr, "");
}

/// As somebody finds out who mistypes: the process does not start, and one line says why.
#[test]
fn what_is_wrong_at_the_start_is_a_usage_error() {
    let [empty, newline, latin, broken, number, no_name] = [
        ("empty", &b""[..]),
        ("newline", b"\r\n"),
        ("latin", b"\xe9"),
        ("broken", b"{\"a\":"),
        ("number", b"{\"a\":1}"),
        ("no_name", b"[{\"abbr\":\"x\"}]"),
    ]
    .map(|(name, content)| file(&format!("start_{name}"), content).display().to_string());
    let lines = format!(
        "--nonsense | stray | --secret | --secret= | --secret-file | --secret-file= | --secret-file /
        | --secret-file /nonexistent/file | --secret-file {empty} | --secret-file {newline}
        | --secret-file {latin} | --old-secret-file | --old-secret-file /nonexistent/file
        | --old-secret-file {empty} | --old-secret-file {newline} | --old-secret-file {latin}
        | --actions | --actions /nonexistent/file | --actions {broken} | --actions {empty}
        | --actions {number} | --actions {no_name} | --actions {latin}
        | --datasette-version | --datasette-version banana | --datasette-version= | --datasette-version 0.43
        | --zlib | --zlib gzip | --itsdangerous 3 | --now | --now soon | --now nan | --now inf | --now 1e999
        | --now= | --setting allow_signed_tokens | --setting allow_signed_tokens maybe
        | --setting max_signed_tokens_ttl -1 | --setting max_signed_tokens_ttl 1.5
        | --setting sql_time_limit_ms 1 | --max-line x | --max-line -1 | --max-batch x | --max-batch 1.5"
    );
    for line in lines.split('|') {
        let outcome = run(dstok(["serve"]).args(line.split_whitespace()), request("ping", "[]"));
        assert_eq!(outcome.code, Some(2), "{line}: {outcome:?}");
        outcome.usage_error();
    }
}

/// A message that repeats what was given must not become several lines.
#[test]
fn a_usage_error_is_one_line_whatever_was_given() {
    for option in [
        "--secret-file",
        "--old-secret-file",
        "--actions",
        "--datasette-version",
        "--zlib",
        "--now",
    ] {
        for value in ["/nonexistent/two\nlines", "/nonexistent/two\r\n\r\nUsage: lines"] {
            run(dstok(["serve"]).args([option, value]), "").usage_error();
        }
    }
    run(&mut dstok(["serve", "--two\nlines"]), "").usage_error();
    run(&mut dstok(["two\nlines"]), "").usage_error();
}

#[test]
fn an_environment_that_is_wrong_is_a_usage_error() {
    use std::os::unix::ffi::OsStrExt as _;
    run(dstok(["serve"]).env("DATASETTE_SECRET", ""), "").usage_error();
    for variable in ["DATASETTE_SECRET", "DSTOK_OLD_SECRETS"] {
        let outcome = run(dstok(["serve"]).env(variable, std::ffi::OsStr::from_bytes(b"\xe9")), "");
        outcome.usage_error();
        assert!(outcome.stderr.contains(variable), "{outcome:?}");
    }
}
