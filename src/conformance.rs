//! Replays `compat-fixtures/`, real Datasette's answers, against a program that speaks the
//! protocol.

mod answer;
mod difference;
mod fixtures;
mod junit;
mod now;
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
pub(crate) use junit::junit;
pub(crate) use report::report;
pub(crate) use results::Results;
pub(crate) use script::{Script, scripts};

/// The program under test.
pub(crate) struct Runner<'r> {
    /// The program and its arguments; empty for this very program.
    pub(crate) command: &'r [OsString],
    /// How long to wait for an answer.
    pub(crate) timeout: Duration,
}

impl Runner<'_> {
    /// Runs every script in a process of its own. Calls `on_check` after each check.
    ///
    /// # Errors
    /// Why the program can't be started. A program that fails later has failed checks.
    pub(crate) fn replay<'g>(
        &self,
        groups: &'g [Group],
        scripts: &[Script<'g>],
        mut on_check: impl FnMut(),
    ) -> Result<Results<'g>, String> {
        let mut results = Results::new(groups);
        for script in scripts {
            let program = Program::start(self.command)?;
            if let Err(reason) = self.replay_script(script, program, &mut results, &mut on_check)
                && !results.aborted.contains(&reason)
            {
                results.aborted.push(reason);
            }
        }
        Ok(results)
    }

    /// Sends the requests of a script and compares the answers.
    ///
    /// # Errors
    /// Why the session ended early. Checks without an answer have failed.
    fn replay_script<'g>(
        &self,
        script: &Script<'g>,
        mut program: Program,
        results: &mut Results<'g>,
        mut on_check: impl FnMut(),
    ) -> Result<(), String> {
        let mut stdin = program.take_stdin();
        let mut outcome = Ok(());
        let mut refusal = None;
        thread::scope(|scope| {
            // Stops when the program stops reading. The missing answers tell the rest.
            scope.spawn(move || {
                lines(script).try_for_each(|line| stdin.as_mut()?.write_all(line.as_bytes()).ok())
            });
            for (id, (_, check)) in requests(script).enumerate() {
                let answer = program.answer(self.timeout).and_then(|line| Answer::read(&line, id));
                let answer = answer.unwrap_or_else(|reason| {
                    if outcome.is_ok() {
                        outcome = Err(program.end(&reason));
                    }
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
        outcome
    }
}
