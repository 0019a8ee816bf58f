//! The program that is judged.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use crate::cli::Failure;

/// Answers that may wait to be judged.
const WINDOW: usize = 1024;

/// Bytes of the end of stderr that are shown.
const SHOWN: usize = 1000;

/// A process that speaks the protocol.
pub(super) struct Peer {
    child: Child,
    name: String,
    stdin: Option<ChildStdin>,
    answers: Receiver<Vec<u8>>,
    stderr: Option<JoinHandle<Vec<u8>>>,
}

/// Where requests go; nowhere once the process does not read.
pub(super) struct Requests(Option<ChildStdin>);

impl Peer {
    /// Starts a command, or this very program.
    ///
    /// # Errors
    /// [`Failure::Usage`] where it cannot be started.
    pub(super) fn start(command: &[OsString]) -> Result<Self, Failure> {
        let (program, arguments) = match command.split_first() {
            Some((program, arguments)) => (program.clone(), arguments.to_vec()),
            None => (std::env::current_exe()?.into_os_string(), vec!["serve".into()]),
        };
        let name = program.to_string_lossy().into_owned();
        let mut child = Command::new(&program)
            .args(arguments)
            // The fixtures bring their own.
            .env_remove("DATASETTE_SECRET")
            .env_remove("DSTOK_OLD_SECRETS")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // What it starts ends with it.
            .process_group(0)
            .spawn()
            .map_err(|error| Failure::Usage(format!("cannot start {name}: {error}")))?;
        let stdin = child.stdin.take();
        let (sender, answers) = sync_channel(WINDOW);
        if let Some(stdout) = child.stdout.take() {
            thread::spawn(move || {
                let mut lines = BufReader::new(stdout).split(b'\n').map_while(Result::ok);
                lines.try_for_each(|line| sender.send(line))
            });
        }
        let stderr = child.stderr.take().map(|stderr| thread::spawn(move || last_bytes(stderr)));
        Ok(Self { child, name, stdin, answers, stderr })
    }

    /// To be called once.
    pub(super) fn take_stdin(&mut self) -> Requests {
        Requests(self.stdin.take())
    }

    /// The next answer.
    ///
    /// # Errors
    /// Why there is none, to be read after the program's name.
    pub(super) fn answer(&self, timeout: Duration) -> Result<Vec<u8>, String> {
        self.answers.recv_timeout(timeout).map_err(|error| match error {
            RecvTimeoutError::Timeout => {
                format!("did not answer within {} seconds (--timeout)", timeout.as_secs())
            }
            RecvTimeoutError::Disconnected => "closed its stdout".to_owned(),
        })
    }

    /// Ends the process; what to say about it.
    pub(super) fn end(&mut self, reason: &str) -> String {
        // It may be about to end by itself, and its own status says more.
        thread::sleep(Duration::from_millis(50));
        let status = self.child.try_wait().ok().flatten();
        self.kill();
        let mut text = format!("{} {reason}", self.name);
        if let Some(status) = status {
            text += &format!(", {status}");
        }
        let stderr = self.stderr.take().and_then(|stderr| stderr.join().ok()).unwrap_or_default();
        let stderr = String::from_utf8_lossy(&stderr);
        if stderr.trim().is_empty() {
            return text + "; its stderr is empty";
        }
        text += "; the end of its stderr:";
        for line in stderr.trim().lines() {
            text += &format!("\n    {}", line.escape_debug());
        }
        text
    }

    fn kill(&mut self) {
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Drop for Peer {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Requests {
    /// Writes a line; `None` once nobody reads.
    pub(super) fn write(&mut self, line: &str) -> Option<()> {
        self.0.as_mut()?.write_all(line.as_bytes()).ok()
    }
}

/// Reads to the end and keeps the last bytes.
fn last_bytes(mut from: impl Read) -> Vec<u8> {
    let mut kept = Vec::new();
    let mut block = [0; 4096];
    while let Ok(length @ 1..) = from.read(&mut block) {
        kept.extend_from_slice(&block[..length]);
        kept.drain(..kept.len().saturating_sub(SHOWN));
    }
    kept
}
