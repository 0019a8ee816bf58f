//! Asking a program, and starting it again when it fails.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io::Write as _;
use std::mem;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::answer::Answer;
use super::program::{Program, Silence};
use super::results::Results;
use super::script::{Request, Script, requests};

/// How often a program may fail before the rest isn't asked.
const MAX_FAILURES: usize = 50;

/// How many failures one counts as that takes the whole timeout.
const TIMEOUT: usize = 10;

/// How often in a row a program may fail before its first answer.
const MAX_FRUITLESS: usize = 2;

/// How to ask.
pub(crate) struct Options<'c> {
    /// The program and its arguments; empty for this very program.
    pub(crate) command: &'c [OsString],
    /// How long to wait for an answer.
    pub(crate) timeout: Duration,
    /// Whether another compressed payload with the same JSON is right too.
    pub(crate) payloads: bool,
}

/// Runs every script in a process of its own. Calls `on_check` after each check.
///
/// # Errors
/// Why the program can't be started. A program that fails later is started again, and has failed
/// checks.
pub(crate) fn replay<'g>(
    options: &Options<'_>,
    scripts: &[Script<'g>],
    on_check: impl FnMut(),
) -> Result<Results<'g>, String> {
    let mut replay = Replay {
        options,
        on_check,
        results: Results::new(options.payloads),
        is_one_at_a_time: false,
        unconfirmed: None,
        failing: BTreeSet::new(),
        fruitless: 0,
        failures: 0,
        gave_up: None,
    };
    for script in scripts {
        replay.run(&requests(script))?;
    }
    Ok(replay.results)
}

struct Replay<'o, 'g, F> {
    options: &'o Options<'o>,
    on_check: F,
    results: Results<'g>,
    /// Set at the first failure. With many requests on their way, the first without an answer need
    /// not be the one that the program failed at.
    is_one_at_a_time: bool,
    /// The first failure, until the program fails again.
    unconfirmed: Option<String>,
    /// The scenarios at which the program failed. They aren't asked again.
    failing: BTreeSet<[usize; 2]>,
    /// How many processes in a row failed before their first answer.
    fruitless: usize,
    failures: usize,
    /// Why the rest isn't asked.
    gave_up: Option<String>,
}

/// How a process failed.
struct Failure {
    /// The index of the request that has no answer.
    at: usize,
    how: String,
    took_timeout: bool,
}

impl<'g, F: FnMut()> Replay<'_, 'g, F> {
    fn run(&mut self, requests: &[Request<'_, 'g>]) -> Result<(), String> {
        let mut rest = requests.to_vec();
        while let Some(first) = rest.first() {
            if first.check.is_some() {
                rest.insert(0, first.configure());
            }
            rest = self.without_unaskable(rest);
            if rest.is_empty() {
                break;
            }
            let Some(failure) = self.ask(&rest)? else { break };
            rest = rest.split_off(failure.at);
            self.fail(failure, &mut rest);
        }
        if let Some(how) = self.unconfirmed.take() {
            self.add_fault(format!("{how}\nAsked one request at a time, it does not fail"));
        }
        Ok(())
    }

    fn add_fault(&mut self, fault: String) {
        if !self.results.faults.contains(&fault) {
            self.results.faults.push(fault);
        }
    }

    /// Records the checks that won't be asked and returns the other requests.
    fn without_unaskable<'s>(&mut self, requests: Vec<Request<'s, 'g>>) -> Vec<Request<'s, 'g>> {
        let reason = |replay: &Self, request: &Request<'_, 'g>| match request.check {
            _ if replay.gave_up.is_some() => replay.gave_up.clone(),
            Some(check) if replay.failing.contains(&check.place) => {
                Some("the program failed at these scenarios with another release".to_owned())
            }
            _ => None,
        };
        let mut kept = Vec::new();
        for request in requests {
            match reason(self, &request) {
                Some(reason) => self.record(&request, Answer::NotAsked(reason)),
                None => kept.push(request),
            }
        }
        kept
    }

    fn record(&mut self, request: &Request<'_, 'g>, answer: Answer) {
        if let Some(check) = request.check {
            self.results.record(check, answer);
            (self.on_check)();
        }
    }

    /// Asks a new process. Returns how it failed, if it did.
    fn ask(&mut self, requests: &[Request<'_, 'g>]) -> Result<Option<Failure>, String> {
        let mut program = Program::start(self.options.command)?;
        let mut stdin = program.child.stdin.take();
        let is_one_at_a_time = self.is_one_at_a_time;
        let (permits, permitted) = channel();
        thread::scope(|scope| {
            // Stops when the program stops reading. The missing answers tell the rest.
            scope.spawn(move || {
                for (id, request) in requests.iter().enumerate() {
                    let line = request.line(id);
                    let may_write = !is_one_at_a_time || permitted.recv().is_ok();
                    let written = stdin.as_mut().map(|stdin| stdin.write_all(line.as_bytes()));
                    if !may_write || !matches!(written, Some(Ok(()))) {
                        return;
                    }
                }
            });
            // Ends with this closure, so that the writer doesn't wait forever.
            let permits = permits;
            let mut refusal = None;
            for (id, request) in requests.iter().enumerate() {
                // Fails only if the writer has stopped.
                let _ = permits.send(());
                let answer = match self.answer(&mut program, id) {
                    Ok(answer) => answer,
                    Err(failure) => return Ok(Some(failure)),
                };
                self.fruitless = 0;
                match request.check {
                    None => refusal = answer.refusal(),
                    Some(_) => self.record(request, refusal.clone().unwrap_or(answer)),
                }
            }
            Ok(None)
        })
    }

    fn answer(&self, program: &mut Program, id: usize) -> Result<Answer, Failure> {
        let (took_timeout, reason) = match program.answer(self.options.timeout) {
            Ok(line) => match Answer::read(&line, id) {
                Ok(answer) => return Ok(answer),
                Err(reason) => (false, reason),
            },
            Err(Silence::Closed) => (false, "closed its stdout".to_owned()),
            Err(Silence::Exited) => {
                let reason = "exited without a response, and another process holds its stdout open";
                (true, reason.to_owned())
            }
            Err(Silence::Hung) => {
                let seconds = self.options.timeout.as_secs();
                let hint = if id == 0 { "; does it flush each response?" } else { "" };
                (true, format!("did not respond within {seconds} seconds (--timeout{hint})"))
            }
        };
        Err(Failure { at: id, how: program.end(&reason), took_timeout })
    }

    /// Blames a failure on the first of the requests that have no answer yet, and takes out what
    /// can't be asked any more.
    fn fail(&mut self, failure: Failure, rest: &mut Vec<Request<'_, 'g>>) {
        let Failure { at, how, took_timeout } = failure;
        self.failures += if took_timeout { TIMEOUT } else { 1 };
        self.fruitless += usize::from(at == 0);
        if !mem::replace(&mut self.is_one_at_a_time, true) {
            self.unconfirmed = Some(how);
            return;
        }
        self.unconfirmed = None;
        if self.fruitless == MAX_FRUITLESS {
            self.add_fault(how);
            self.gave_up = Some(format!("no response, even after {MAX_FRUITLESS} starts"));
            return;
        }
        let failed = rest.remove(0);
        if let Some(check) = failed.check {
            self.failing.insert(check.place);
            self.record(&failed, Answer::Failed(how));
        } else {
            self.add_fault(format!("configure: {how}"));
            let end = rest.iter().position(|request| request.check.is_none());
            for request in rest.drain(..end.unwrap_or(rest.len())) {
                self.record(&request, Answer::NotAsked("the program failed at configure".into()));
            }
        }
        if self.failures >= MAX_FAILURES {
            let reason = "not asked, because the program had failed too often";
            self.gave_up = Some(reason.to_owned());
        }
    }
}
