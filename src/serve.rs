//! Layer 3: the stdio loop. Read a block, answer its lines, write once.

mod answer;
mod lines;
mod parent;
mod stdio;
mod turns;
mod worker;

use std::io::{self, Read, Write};
use std::thread;

use crate::methods::Session;
pub use parent::{Parent, Writes};
pub use stdio::{InputEnd, Stdin, Stdout, ignore_signals};
use worker::{Shared, work};

/// Bytes asked of one `read`, four times what a pipe holds.
const BLOCK: usize = 256 << 10;

/// Bytes of answers from which on they are written although the block is not done: memory stays
/// bounded when short requests have long answers.
const LONG_OUTPUT: usize = 1 << 20;

/// What a session may take.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Bytes in a line, its end not counted.
    pub max_line: usize,
    /// Requests in a batch.
    pub max_batch: usize,
    /// How many threads answer when one read brings many lines.
    pub threads: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_line: 16 << 20, max_batch: 100_000, threads: 1 }
    }
}

/// Answers the lines of `input` on `output` until `input` ends.
///
/// All that one `read` completed is answered at once, with one `write` unless the answers are
/// long. A peer that waits for an answer gets it, and a pipe runs at full speed: when much came
/// at once, another thread reads on meanwhile.
///
/// `end_input` is called when no more can be answered while a thread may wait in a `read`: it is
/// to make that `read` come back, with nothing.
///
/// # Errors
/// Those of reading and writing; [`io::ErrorKind::BrokenPipe`] when nobody reads any more.
pub fn serve(
    session: Session,
    limits: Limits,
    input: &mut (impl Read + Send),
    output: &mut (impl Write + Send),
    end_input: impl Fn() + Sync,
) -> io::Result<()> {
    // Threads may answer a line twice and drop one answer; the audit log would hold both.
    let one = session.guard_rails.audit_log.is_some();
    let threads = if one { 1 } else { limits.threads.max(1) };
    let limits = Limits { threads, ..limits };
    let shared = Shared::new(session, limits, input, output, &end_input);
    thread::scope(|scope| work(scope, &shared, 0));
    shared.into_result()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datasette::Datasette;
    use crate::guard_rails::GuardRails;
    use crate::methods::Clock;

    /// Counts writes, so that a test sees how answers are grouped.
    #[derive(Default)]
    struct Writes(Vec<Vec<u8>>);

    impl Write for Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(bytes.to_vec());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn answers(input: &str, warn: fn(&str)) -> Vec<String> {
        answers_of_threads(1, input, warn)
    }

    fn answers_of_threads(threads: usize, input: &str, warn: fn(&str)) -> Vec<String> {
        let session = Session {
            datasette: Datasette::new(),
            clock: Clock::new(Some(0.0)),
            guard_rails: GuardRails::default(),
            warn,
        };
        let limits = Limits { threads, ..Limits::default() };
        let mut writes = Writes::default();
        serve(session, limits, &mut input.as_bytes(), &mut writes, || {}).unwrap();
        writes.0.into_iter().map(|bytes| String::from_utf8(bytes).unwrap()).collect()
    }

    #[test]
    fn a_panic_is_an_internal_error_and_the_next_request_is_served() {
        // The only thing that a request can make fail from here: what takes the warning.
        let newer = r#"{"jsonrpc":"2.0","id":"a","method":"configure","params":["s","9.0"]}"#;
        let info = r#"{"jsonrpc":"2.0","id":"b","method":"info"}"#;
        let all = answers(&format!("{newer}\n{info}\n"), |_| panic!("a test")).concat();
        let lines: Vec<serde_json::Value> =
            all.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        assert_eq!(lines[0]["id"], "a");
        assert_eq!(lines[0]["error"]["code"], -32603);
        assert_eq!(lines[0]["error"]["data"]["kind"], "internal_error");
        assert_eq!(lines[1]["id"], "b");
        assert_eq!(lines[1]["result"]["name"], "dstok");
    }

    #[test]
    fn the_answers_of_one_read_leave_with_one_write() {
        let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
        assert_eq!(answers(&ping.repeat(100), |_| {}).len(), 1);
    }

    #[test]
    fn many_threads_write_once_too_unless_the_answers_are_long() {
        let ping = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"ping\"}\n";
        assert_eq!(answers_of_threads(3, &ping.repeat(1000), |_| {}).len(), 1);
        let discover = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"rpc.discover\"}\n";
        let input = discover.repeat(2000);
        let writes = answers_of_threads(3, &input, |_| {});
        assert!(writes.len() > 1 && writes.iter().all(|write| write.len() < 3 * LONG_OUTPUT));
        assert_eq!(writes.concat(), answers(&input, |_| {}).concat());
    }

    #[test]
    fn long_answers_are_written_before_the_batch_is_done() {
        let discover = r#"{"jsonrpc":"2.0","id":1,"method":"rpc.discover"}"#;
        let batch = vec![discover; 1000].join(",");
        let writes = answers(&format!("[{batch}]\n"), |_| {});
        assert!(writes.len() > 1 && writes.iter().all(|write| write.len() < 2 * LONG_OUTPUT));
        let all: serde_json::Value = serde_json::from_str(&writes.concat()).unwrap();
        assert_eq!(all.as_array().unwrap().len(), 1000);
    }
}
