//! Faults around `serve`: streams that fail, stall or are cut short, signals, parents that die,
//! disks that fill.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "a test reads files")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use common::{
    PATIENCE, Peer, READY, assert_error, dstok, file, full_device, read_in_background, request,
    result, run, session, wait,
};
use serde_json::Value;

fn ping(id: usize) -> String {
    format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"ping\"}}\n")
}

fn pong(id: usize) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":"pong"}}"#)
}

fn serve(options: &[&str]) -> Command {
    let mut command = dstok(READY.iter().chain(options));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

fn signal(id: u32, name: &str) {
    let sent = Command::new("kill").args(["-s", name, &id.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// The most memory that the process has had, in kB.
#[cfg(target_os = "linux")]
fn peak(id: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    peak.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Waits for something that another process does.
#[track_caller]
fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "not in time: {what}");
        thread::sleep(std::time::Duration::from_millis(5));
    }
}

/// A reader that stops is waited for, with what one read brought and no more. `READER_STOPS` says
/// for how many seconds more it does.
#[cfg(target_os = "linux")]
#[test]
fn a_reader_that_stops_and_goes_on() {
    const COUNT: usize = 300_000;
    let mut child = serve(&[]).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let sent = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let counted = Arc::clone(&sent);
    let sender = thread::spawn(move || {
        for id in 0..COUNT {
            stdin.write_all(ping(id).as_bytes()).unwrap();
            counted.store(id, Ordering::Relaxed);
        }
    });
    // Nobody reads: the pipes fill, and then nothing moves any more.
    let mut before = usize::MAX;
    eventually("the pipes are full", || {
        thread::sleep(std::time::Duration::from_millis(200));
        let now = sent.load(Ordering::Relaxed);
        now > 0 && std::mem::replace(&mut before, now) == now
    });
    assert!(before < COUNT / 2, "{before} requests were taken without an answer being read");
    let seconds = std::env::var("READER_STOPS").map_or(0, |text| text.parse().unwrap());
    thread::sleep(std::time::Duration::from_secs(seconds));
    assert_eq!(sent.load(Ordering::Relaxed), before);
    let peak = peak(child.id());
    assert!(peak < 40_000, "{peak} kB");
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for id in 0..COUNT {
        assert_eq!(answers.next().unwrap().unwrap(), pong(id));
    }
    assert!(answers.next().is_none());
    sender.join().unwrap();
    assert_eq!(wait(&mut child), Some(0));
}

/// Signals interrupt `read`, `write` and `poll`, and a pipe takes a part of what is written.
#[test]
fn a_storm_of_signals_loses_nothing() {
    const COUNT: usize = 30_000;
    let mut child = serve(&[]).spawn().unwrap();
    let id = child.id();
    let mut stdin = child.stdin.take().unwrap();
    let stderr = read_in_background(child.stderr.take().unwrap());
    // Up: the handlers are set.
    stdin.write_all(ping(0).as_bytes()).unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(answers.next().unwrap().unwrap(), pong(0));
    let over = Arc::new(AtomicBool::new(false));
    let stop = Arc::clone(&over);
    let storm = thread::spawn(move || {
        let mut count = 0;
        while count < 50 || !stop.load(Ordering::Relaxed) {
            // INT has a handler; the others stop the process for a moment or are ignored.
            for name in ["INT", "WINCH", "STOP", "CONT", "INT"] {
                signal(id, name);
                count += 1;
            }
        }
    });
    let sender = thread::spawn(move || {
        // Long lines fill the pipes, so that writing waits too.
        let padding = "x".repeat(3000);
        for id in 1..COUNT {
            let params = format!("[\"{padding}\"]");
            let line = request("sign", &params).replace("\"id\":1", &format!("\"id\":{id}"));
            stdin.write_all((line + "\n").as_bytes()).unwrap();
        }
    });
    for id in 1..COUNT {
        let answer = answers.next().unwrap().unwrap();
        assert!(answer.starts_with(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":""#)));
    }
    over.store(true, Ordering::Relaxed);
    storm.join().unwrap();
    sender.join().unwrap();
    assert!(answers.next().is_none());
    assert_eq!((wait(&mut child), stderr.recv().unwrap()), (Some(0), String::new()));
}

/// Warnings fill a stderr that nobody reads: the answers come all the same.
#[test]
fn a_stderr_that_is_never_read_blocks_nothing() {
    const COUNT: usize = 3_000;
    let (reader, writer) = std::io::pipe().unwrap();
    let newer = request("configure", r#"{"datasette_version":"9.9"}"#) + "\n";
    let mut child = serve(&[]).stderr(writer).spawn().unwrap();
    let stdout = read_in_background(child.stdout.take().unwrap());
    let mut stdin = child.stdin.take().unwrap();
    thread::spawn(move || stdin.write_all(newer.repeat(COUNT).as_bytes()));
    assert_eq!(wait(&mut child), Some(0));
    assert_eq!(stdout.recv().unwrap().lines().count(), COUNT);
    let mut warnings = String::new();
    BufReader::new(reader).read_to_string(&mut warnings).unwrap();
    assert!(warnings.lines().count() > 10, "some were written");
    assert!(warnings.ends_with("treating it as 1.0a41\n"), "whole lines only");
}

#[test]
fn a_closed_stderr_changes_nothing() {
    let newer = request("configure", r#"{"datasette_version":"9.9"}"#);
    let script = "exec \"$0\" serve --secret s --datasette-version 9.9 2>&-";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_dstok")]);
    let outcome = run(&mut command, format!("{newer}\n{}", ping(7)));
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    assert_eq!(outcome.answers()[1], pong(7));
}

/// A shell that starts `serve` in the background, and a sibling that holds the same pipes open
/// for longer than any test waits.
struct Family {
    shell: Child,
    serve: u32,
}

/// `serve` lives for the shell and reads from the pipe that is the shell's stdin.
fn family() -> Family {
    // What is in the background has /dev/null for its stdin, unless it is told otherwise.
    let script = "exec 3<&0 4>&1 5>&2 </dev/null >/dev/null
        \"$0\" serve --secret s --parent-pid $$ <&3 >&4 2>&5 &
        echo $! >&2
        sleep 45 <&3 >&4 2>/dev/null 5>&- &
        exec 2>/dev/null 3<&- 4>&- 5>&-
        wait";
    let mut shell = Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_dstok")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(shell.stderr.take().unwrap()).read_line(&mut line).unwrap();
    Family { serve: line.trim().parse().unwrap(), shell }
}

/// Gone, or a zombie that nobody waits for.
fn is_gone(id: u32) -> bool {
    let stat = Command::new("ps").args(["-o", "stat=", "-p", &id.to_string()]).output().unwrap();
    let stat = String::from_utf8(stat.stdout).unwrap();
    stat.trim().is_empty() || stat.trim().starts_with('Z')
}

/// What holds the writing end of the pipe is killed: the kernel closes it.
#[test]
fn a_parent_that_is_killed_takes_it_along() {
    let script = "printf %s \"$0\"; exec sleep 20";
    let mut parent =
        Command::new("sh").args(["-c", script, &ping(1)]).stdout(Stdio::piped()).spawn().unwrap();
    let mut child = serve(&[]).stdin(parent.stdout.take().unwrap()).spawn().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap()).lines();
    assert_eq!(stdout.next().unwrap().unwrap(), pong(1));
    assert!(child.try_wait().unwrap().is_none(), "it lives with its parent");
    parent.kill().unwrap();
    parent.wait().unwrap();
    assert_eq!(wait(&mut child), Some(0));
    assert!(stdout.next().is_none());
}

#[test]
fn parent_pid_is_noticed_although_a_sibling_holds_the_pipe() {
    let mut family = family();
    let mut stdin = family.shell.stdin.take().unwrap();
    let mut stdout = BufReader::new(family.shell.stdout.take().unwrap()).lines();
    stdin.write_all(ping(1).as_bytes()).unwrap();
    assert_eq!(stdout.next().unwrap().unwrap(), pong(1));
    family.shell.kill().unwrap();
    family.shell.wait().unwrap();
    eventually("it notices", || is_gone(family.serve));
    drop(stdin);
}

/// Nobody reads the answers any more, and the pipe to the reader stays open: `write` would never
/// return.
#[test]
fn parent_pid_is_noticed_in_the_middle_of_a_write() {
    let mut family = family();
    let mut stdin = family.shell.stdin.take().unwrap();
    let _unread = family.shell.stdout.take().unwrap();
    let (sender, done) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let outcome = (0..1_000_000).try_for_each(|id| stdin.write_all(ping(id).as_bytes()));
        sender.send(outcome.is_err())
    });
    assert!(done.recv_timeout(std::time::Duration::from_millis(700)).is_err(), "pipes are full");
    family.shell.kill().unwrap();
    family.shell.wait().unwrap();
    eventually("it notices", || is_gone(family.serve));
}

#[test]
fn parent_pid_of_nobody_is_a_usage_error() {
    let mut child = Command::new("true").spawn().unwrap();
    child.wait().unwrap();
    for (pid, what) in [(child.id().to_string(), "no process"), ("0".to_owned(), "not valid")] {
        let outcome = run(dstok(["serve"]).args(["--parent-pid", &pid]), "");
        outcome.usage_error();
        assert!(outcome.stderr.contains("--parent-pid") && outcome.stderr.contains(what));
    }
}

#[test]
fn with_a_parent_that_lives_nothing_is_different() {
    let pid = std::process::id().to_string();
    let mut peer = Peer::start(READY.iter().copied().chain(["--parent-pid", &pid]));
    for id in 0..3 {
        peer.send(ping(id));
        assert_eq!(peer.receive(), pong(id));
    }
    drop(peer.stdin.take());
    assert_eq!(peer.end(), (Some(0), vec![], String::new()));
}

/// SIGTERM while one line is being answered: the whole of it is.
#[test]
fn sigterm_in_the_middle_of_a_batch_and_of_a_block() {
    let one = ping(5).trim_end().to_owned();
    let batch = format!("[{}]\n", vec![one; 100_000].join(","));
    let expected = format!("[{}]", vec![pong(5); 100_000].join(","));
    let block = ping(6).repeat(2_000);
    let mut child = serve(&[]).spawn().unwrap();
    let id = child.id();
    let mut stdin = child.stdin.take().unwrap();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    thread::spawn(move || {
        stdin.write_all((batch + &block).as_bytes()).unwrap();
        stdin
    });
    // The answers have begun and do not fit into the pipe: it is in the middle.
    let mut first = [0; 1];
    stdout.read_exact(&mut first).unwrap();
    signal(id, "TERM");
    let mut lines = stdout.lines();
    let answer = "[".to_owned() + &lines.next().unwrap().unwrap();
    assert!(first == *b"[" && answer == expected, "the batch is answered whole");
    // Of the block what was read: perhaps all, perhaps nothing. A line that was read in part is
    // answered as it is.
    let mut rest: Vec<_> = lines.map(Result::unwrap).collect();
    if let Some(last) = rest.pop() {
        assert!(last == pong(6) || last.contains("-32700"), "{last}");
    }
    assert!(rest.iter().all(|line| *line == pong(6)));
    assert_eq!(wait(&mut child), Some(0));
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_fills_under_the_audit_log_releases_no_token() {
    let log = file("faults-audit.jsonl", "");
    // Blocks of 512 bytes or of 1 KiB: a file may grow that far.
    let script = "ulimit -f 8; exec \"$0\" \"$@\"";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_dstok")]);
    command.args(READY).args(["--audit-log", log.to_str().unwrap()]);
    let lines: String = (0..200).map(|_| request("create_token", r#"["root"]"#) + "\n").collect();
    let outcome = run(&mut command, lines);
    assert_eq!(outcome.code, Some(0), "{outcome:?}");
    let (released, refused): (Vec<_>, Vec<_>) =
        outcome.answers().into_iter().partition(|answer| answer.contains("dstok_"));
    assert!(released.len() > 10 && refused.len() > 10, "{} {}", released.len(), refused.len());
    for answer in refused {
        assert_error(answer, 7, "policy", 1);
        assert!(answer.contains("withheld"), "{answer}");
    }
    // Every token that was released stands there.
    let recorded = fs::read_to_string(log).unwrap();
    let whole = recorded.lines().filter(|line| serde_json::from_str::<Value>(line).is_ok());
    assert!(whole.count() >= released.len());
}

/// Each token is judged by the secret that held at its place, however many threads there are.
#[test]
fn a_secret_that_changes_between_two_lines_of_one_read() {
    for threads in ["1", "4"] {
        let more = ["--threads", threads];
        let options = READY.iter().chain(&more);
        let mut lines = Vec::new();
        for n in 0..600 {
            if n % 100 == 50 {
                lines.push(request("configure", &format!("[\"secret {}\"]", n / 100)));
            }
            lines.push(request("create_token", &format!("[{n}]")));
        }
        let answers = session(options.clone(), &lines);
        let tokens: Vec<_> = answers
            .iter()
            .map(|answer| result(answer))
            .filter_map(|result| result.as_str().map(str::to_owned))
            .collect();
        assert_eq!(tokens.len(), 600);
        // In a session that changes at the same places each is valid; in one that does not, only
        // those of its secret.
        let mut verify: Vec<_> =
            tokens.iter().map(|token| request("verify_token", &format!("[\"{token}\"]"))).collect();
        for n in (0..6).rev() {
            verify.insert(n * 100 + 50, request("configure", &format!("[\"secret {n}\"]")));
        }
        let judged = session(options.clone(), &verify);
        assert!(judged.iter().all(|answer| answer.contains("\"result\"")), "{judged:?}");
        let alone = session(
            options,
            &verify[..50 + 1 + 100]
                .iter()
                .filter(|line| !line.contains("configure"))
                .collect::<Vec<_>>(),
        );
        let valid = alone.iter().filter(|answer| answer.contains("\"result\"")).count();
        assert_eq!(valid, 50, "those before the first change");
    }
}

/// The clock may show anything: dstok keeps no time from one call to the next.
#[test]
fn a_clock_that_jumps_back() {
    let mint = |now: &str| {
        request("create_token", &format!(r#"{{"actor_id":1,"expires_after":60,"now":{now}}}"#))
    };
    let tokens = session(READY, &[mint("2000"), mint("1000"), mint("-5"), mint("2000")]);
    assert_eq!(tokens[0], tokens[3], "what was before leaves no trace");
    let token = result(&tokens[0]);
    let verify = |now: &str| request("verify_token", &format!("[{token},{now}]"));
    let answers = session(READY, &[verify("2059"), verify("2061"), verify("1"), verify("2059")]);
    let valid: Vec<_> = answers.iter().map(|answer| answer.contains("\"result\"")).collect();
    // One from the future is valid, as in Datasette.
    assert_eq!(valid, [true, false, true, true]);
}

#[test]
fn a_full_disk_under_stdout_is_told_in_one_clear_line() {
    let Some(full) = full_device() else { return };
    let mut child = serve(&[]).stdout(full).spawn().unwrap();
    child.stdin.take().unwrap().write_all(ping(1).as_bytes()).unwrap();
    let stderr = read_in_background(child.stderr.take().unwrap());
    assert_eq!(wait(&mut child), Some(74));
    let stderr = stderr.recv().unwrap();
    assert_eq!(stderr.lines().count(), 1);
    assert!(stderr.contains("stdout failed") && stderr.contains("No space left"), "{stderr}");
}
