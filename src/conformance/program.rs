//! The program under test, as a child process.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TryRecvError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dstok::names::is_deceptive;
use dstok::platform::{kill_group, start_group};

/// How many answers may wait for comparison.
const MAX_WAITING: usize = 1024;

/// How many bytes are kept from the end of stderr.
const STDERR_TAIL: usize = 4000;

/// How many of its last lines are shown. Node prints some fifteen, with the error first.
const STDERR_LINES: usize = 20;

/// The longest answer, in bytes.
const MAX_LINE: u64 = 64 << 20;

/// How often and how long to wait for what happens soon or never.
const PAUSES: usize = 50;
const PAUSE: Duration = Duration::from_millis(10);

/// Why there is no answer.
pub(super) enum Silence {
    Hung,
    /// The program closed its stdout.
    Closed,
    /// The program exited, but a process that it left behind holds its stdout open.
    Exited,
}

/// The program under test. It is killed on drop, together with its process group.
pub(super) struct Program {
    pub(super) child: Child,
    name: String,
    answers: Receiver<Vec<u8>>,
    /// The end of stderr, and the thread that reads it.
    stderr: Arc<Mutex<Vec<u8>>>,
    stderr_reader: Option<JoinHandle<()>>,
}

impl Program {
    /// Spawns a command, or this very program if the command is empty.
    ///
    /// # Errors
    /// Why it can't be started.
    pub(super) fn start(command: &[OsString]) -> Result<Self, String> {
        let (program, arguments) = match command.split_first() {
            Some((program, arguments)) => (program.clone(), arguments.to_vec()),
            None => {
                let this = std::env::current_exe()
                    .map_err(|error| format!("cannot find the path of dstok: {error}"))?;
                (this.into_os_string(), vec!["serve".into()])
            }
        };
        let name = program.to_string_lossy().into_owned();
        // So that its own children can be killed with it.
        let mut child = start_group(&mut Command::new(&program))
            .args(arguments)
            // The fixtures configure their own secrets.
            .env_remove("DATASETTE_SECRET")
            .env_remove("DSTOK_OLD_SECRETS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("cannot start {name}: {error}"))?;
        let (sender, answers) = sync_channel(MAX_WAITING);
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || send_lines(BufReader::new(stdout), &sender));
        }
        let stderr = Arc::default();
        let kept = Arc::clone(&stderr);
        let from = child.stderr.take();
        let stderr_reader = from.map(|from| thread::spawn(move || keep_tail(from, &kept)));
        Ok(Self { child, name, answers, stderr, stderr_reader })
    }

    /// The next line of stdout.
    ///
    /// # Errors
    /// Why there is none.
    pub(super) fn answer(&mut self, timeout: Duration) -> Result<Vec<u8>, Silence> {
        self.answers.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Disconnected => Silence::Closed,
            // Not before the timeout: the process left behind may be the one that answers.
            RecvTimeoutError::Timeout => match self.child.try_wait() {
                Ok(Some(_)) => Silence::Exited,
                _ => Silence::Hung,
            },
        })
    }

    /// Kills the process and returns the reason with its exit status and the end of its stderr.
    pub(super) fn end(&mut self, reason: &str) -> String {
        let status = self.exit_status();
        self.kill();
        let status = status.map(|status| format!(", {status}")).unwrap_or_default();
        // A process that it left behind may hold stderr open.
        wait_until(|| self.stderr_reader.as_ref().is_none_or(JoinHandle::is_finished));
        let stderr = self.stderr.lock().unwrap_or_else(PoisonError::into_inner);
        let stderr = String::from_utf8_lossy(&stderr);
        let lines: Vec<_> = stderr.trim().lines().collect();
        let last = lines[lines.len().saturating_sub(STDERR_LINES)..].iter();
        let stderr = match last.map(|line| format!("\n    {}", printable(line))).collect::<String>()
        {
            lines if lines.is_empty() => "its stderr is empty".to_owned(),
            lines => format!("the end of its stderr:{lines}"),
        };
        format!("{} {reason}{status}; {stderr}", self.name)
    }

    /// The status of a process that has exited or soon will.
    fn exit_status(&mut self) -> Option<ExitStatus> {
        let mut status = self.child.try_wait().ok().flatten();
        if matches!(self.answers.try_recv(), Err(TryRecvError::Disconnected)) {
            wait_until(|| {
                status = self.child.try_wait().ok().flatten();
                status.is_some()
            });
        }
        status
    }

    fn kill(&mut self) {
        kill_group(&mut self.child);
        let _ = self.child.wait();
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}

/// A line with escapes for what a terminal would obey.
fn printable(line: &str) -> String {
    let mut text = String::new();
    for c in line.chars() {
        if is_deceptive(c) { text.extend(c.escape_default()) } else { text.push(c) }
    }
    text
}

/// Waits for something that happens soon or never.
fn wait_until(mut is_done: impl FnMut() -> bool) {
    for _ in 0..PAUSES {
        if is_done() {
            return;
        }
        thread::sleep(PAUSE);
    }
}

/// Sends each line without its end. An overlong line is cut, and then nothing more is read.
fn send_lines(mut from: impl BufRead, to: &SyncSender<Vec<u8>>) {
    loop {
        let mut line = Vec::new();
        let read = from.by_ref().take(MAX_LINE).read_until(b'\n', &mut line);
        let is_whole = line.pop_if(|last| *last == b'\n').is_some();
        if !matches!(read, Ok(1..)) || to.send(line).is_err() || !is_whole {
            return;
        }
    }
}

/// Reads to the end and keeps the last bytes.
fn keep_tail(mut from: impl Read, kept: &Mutex<Vec<u8>>) {
    let mut block = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut block) {
        let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend_from_slice(&block[..length]);
        let excess = kept.len().saturating_sub(STDERR_TAIL);
        kept.drain(..excess);
    }
}
