//! Replays `compat-fixtures/`, real Datasette's answers, against a program that speaks the
//! protocol.

mod answer;
mod difference;
mod fixtures;
mod program;
mod report;
mod results;
mod script;

use std::ffi::OsString;
use std::io::Write as _;
use std::thread;
use std::time::Duration;

use answer::Answer;
use program::Program;
use script::{lines, requests};

pub(crate) use fixtures::{Group, load};
pub(crate) use report::{junit, report};
pub(crate) use results::Results;
pub(crate) use script::{Script, scripts};

/// Runs every script in a process of its own: a command, or this very program if the command is
/// empty. Waits as long as `timeout` for an answer. Calls `on_check` after each check.
///
/// # Errors
/// Why the program can't be started. A program that fails later has failed checks.
pub(crate) fn replay<'g>(
    command: &[OsString],
    timeout: Duration,
    scripts: &[Script<'g>],
    mut on_check: impl FnMut(),
) -> Result<Results<'g>, String> {
    let mut results = Results::default();
    for script in scripts {
        let mut program = Program::start(command)?;
        let mut stdin = program.child.stdin.take();
        let mut end = None;
        let mut refusal = None;
        thread::scope(|scope| {
            // Stops when the program stops reading. The missing answers tell the rest.
            scope.spawn(move || {
                lines(script).try_for_each(|line| stdin.as_mut()?.write_all(line.as_bytes()).ok())
            });
            for (id, (_, check)) in requests(script).enumerate() {
                let answer = program.answer(timeout).and_then(|line| Answer::read(&line, id));
                let answer = answer.unwrap_or_else(|reason| {
                    end.get_or_insert_with(|| program.end(&reason));
                    refusal = None;
                    Answer::Unanswered("no answer".to_owned())
                });
                let Some(check) = check else {
                    refusal = answer.refusal();
                    continue;
                };
                results.record(check, refusal.clone().unwrap_or(answer));
                on_check();
            }
        });
        results.aborted.extend(end.filter(|reason| !results.aborted.contains(reason)));
    }
    Ok(results)
}
