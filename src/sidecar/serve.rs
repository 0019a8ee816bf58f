//! The sidecar's loop: read a block, answer its lines, write once.

mod answer;
mod budget;
mod buffer;
mod counts;
mod frames;
mod lines;
mod messages;
mod piece;
mod pretty;
mod stdio;
mod watchdog;
mod worker;

use std::io::{self, Read, Write};
use std::sync::{Arc, Mutex, PoisonError};

use super::methods::Session;
use crate::parallel;
pub use answer::Limits;
pub use budget::MAX_THREADS;
pub use counts::Counts;
pub use stdio::{Stdin, Stdout};
pub use watchdog::{Writes, end_when_stuck};
use worker::{Input, LineWorker};

/// Answers the lines of `input` on `output` until `input` ends. Returns how many there were.
///
/// All lines that one `read` completes are answered before the next, with one `write` unless the
/// answers are long. A peer that waits for an answer gets it. When many lines come at once, another
/// thread reads on meanwhile. `input` must retry an interrupted `read`, as [`Stdin`] does.
///
/// `end_input` is called if answering ends early while a thread may wait in a `read`: it must make
/// that `read` return 0.
///
/// # Errors
/// The first error of reading or writing; [`io::ErrorKind::BrokenPipe`] when the peer has closed
/// `output`.
pub fn serve<'a>(
    mut session: Session,
    limits: Limits,
    input: &'a mut (dyn Read + Send),
    output: &'a mut (dyn Write + Send),
    end_input: impl Fn() + Sync,
) -> io::Result<Counts> {
    // An idle worker must hold no secret that `configure` replaces.
    let datasette = std::mem::take(&mut session.datasette);
    let counts = Arc::new(Mutex::default());
    let new_worker = || LineWorker::new(limits, session.for_worker(), Arc::clone(&counts));
    parallel::run(limits.threads, Input::new(input), datasette, output, new_worker, end_input)?;
    Ok(std::mem::take(&mut *counts.lock().unwrap_or_else(PoisonError::into_inner)))
}

#[cfg(test)]
mod tests {

    use datasette_tokens::Datasette;

    use super::budget::Budget;
    use super::*;

    use crate::sidecar::methods::Clock;

    pub(super) fn session(warn: fn(&str)) -> Session {
        Session { warn, ..Session::new(Datasette::default(), Clock::new(Some(0.0))) }
    }

    /// Records each write, to show how answers are grouped.
    #[derive(Default)]
    struct Output(Vec<Vec<u8>>);

    impl Write for Output {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn writes(threads: usize, input: &str, warn: fn(&str)) -> Vec<String> {
        let limits = Limits { threads, ..Limits::default() };
        let mut output = Output::default();
        serve(session(warn), limits, &mut input.as_bytes(), &mut output, || {}).unwrap();
        output.0.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn a_panic_is_an_internal_error_and_the_next_request_is_served() {
        // Only a warning runs code that a test can make panic.
        let newer = r#"{"jsonrpc":"2.0","id":"a","method":"configure","params":["s","9.0"]}"#;
        let info = r#"{"jsonrpc":"2.0","id":"b","method":"info"}"#;
        let all = writes(1, &format!("{newer}\n{info}\n"), |_| panic!("a test")).concat();
        let lines: Vec<serde_json::Value> =
            all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["id"], "a");
        assert_eq!(lines[0]["error"]["code"], -32603);
        assert_eq!(lines[0]["error"]["data"]["kind"], "internal_error");
        assert_eq!(lines[1]["id"], "b");
        assert_eq!(lines[1]["result"]["name"], "dstok");
    }

    #[test]
    fn the_answers_of_one_read_leave_with_one_write_unless_they_are_long() {
        let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
        let discover = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n".repeat(2000);
        let alone = writes(1, &discover, |_| {}).concat();
        for threads in [1, 3] {
            assert_eq!(writes(threads, &ping.repeat(1000), |_| {}).len(), 1);
            let writes = writes(threads, &discover, |_| {});
            assert!(writes.len() > 1);
            let output = Budget::new(threads).output;
            assert!(writes.iter().all(|write| write.len() < 3 * output));
            assert_eq!(writes.concat(), alone);
        }
    }

    #[test]
    fn long_answers_are_written_before_the_batch_is_done() {
        let discover = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
        let batch = vec![discover; 1000].join(",");
        let writes = writes(1, &format!("[{batch}]\n"), |_| {});
        let output = Budget::new(1).output;
        assert!(writes.len() > 1 && writes.iter().all(|write| write.len() < 2 * output));
        let all: serde_json::Value = serde_json::from_str(&writes.concat()).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 1000);
    }
}
