//! What is different on Windows: how the parent is watched, how a read that waits is ended, and
//! control events of the console.
#![cfg(windows)]
#![allow(unsafe_code, reason = "the standard library sends no control events")]
#![allow(clippy::unwrap_used, reason = "a helper that fails, fails its test")]

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::windows::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;
use std::{env, process, thread};

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, GenerateConsoleCtrlEvent};
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;

const PING: &str = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
const PONG: &str = "{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"pong\"}";
const PATIENCE: Duration = Duration::from_secs(60);

fn serve() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dstok"));
    command.args(["serve", "--secret", "s"]).stderr(Stdio::piped());
    command
}

/// The lines of a stream; the channel closes at its end.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            let _ = sender.send(line);
        }
    });
    lines
}

fn expect_pong(lines: &Receiver<String>) {
    while !lines.recv_timeout(PATIENCE).unwrap().ends_with(PONG) {}
}

fn expect_end(lines: &Receiver<String>) {
    use std::sync::mpsc::RecvTimeoutError::Disconnected;
    while let Err(error) = lines.recv_timeout(PATIENCE).map(drop) {
        return assert_eq!(error, Disconnected, "the process goes on");
    }
}

/// Not a test. Starts `dstok serve` with its own stdin and stdout, and never ends.
#[test]
#[ignore = "never ends; started by a test"]
fn parent() {
    let pid = process::id().to_string();
    serve().args(["--parent-pid", &pid]).stderr(Stdio::null()).spawn().unwrap();
    loop {
        thread::park();
    }
}

/// Stdin stays open, because this process holds the other end of the pipe.
#[test]
fn it_ends_with_its_parent_in_the_middle_of_a_read() {
    let (stdin, mut to_stdin) = io::pipe().unwrap();
    let mut parent = Command::new(env::current_exe().unwrap());
    parent.args(["--ignored", "--exact", "parent", "--nocapture"]);
    let mut parent = parent.stdin(stdin).stdout(Stdio::piped()).spawn().unwrap();
    let answers = lines(parent.stdout.take().unwrap());
    to_stdin.write_all(PING.as_bytes()).unwrap();
    expect_pong(&answers);
    parent.kill().unwrap();
    parent.wait().unwrap();
    expect_end(&answers);
}

#[test]
fn ctrl_break_ends_it_with_success() {
    let mut command = serve();
    command.creation_flags(CREATE_NEW_PROCESS_GROUP).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let answers = lines(child.stdout.take().unwrap());
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(PING.as_bytes()).unwrap();
    expect_pong(&answers);
    // SAFETY: the call takes integers only.
    if unsafe { GenerateConsoleCtrlEvent(CTRL_BREAK_EVENT, child.id()) } == 0 {
        eprintln!("skipped: no console to send Ctrl-Break from: {}", io::Error::last_os_error());
        child.kill().unwrap();
        return;
    }
    expect_end(&answers);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_end_of_input_ends_it_and_stderr_has_the_summary() {
    let mut child = serve();
    child.arg("--summary").stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = child.spawn().unwrap();
    child.stdin.take().unwrap().write_all(format!("{PING}\r\n{PING}").as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), format!("{PONG}\n{PONG}\n"));
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(stderr, "dstok: 2 requests, 0 notifications, 0 errors\n");
}

/// A stdout that nobody reads any more is no failure, and the blocked read doesn't keep it alive.
#[test]
fn a_closed_stdout_ends_it() {
    let (stdout, to_stdout) = io::pipe().unwrap();
    let mut child = serve();
    let mut child = child.stdin(Stdio::piped()).stdout(to_stdout).spawn().unwrap();
    drop(stdout);
    let mut stdin = child.stdin.take().unwrap();
    stdin.write_all(PING.as_bytes()).unwrap();
    let stderr = lines(child.stderr.take().unwrap());
    expect_end(&stderr);
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
