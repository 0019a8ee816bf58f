//! `dstok conformance`: `compat-fixtures/` replayed against a program that speaks the protocol.

mod fixtures;
mod judge;
mod junit;
mod peer;
mod report;
mod requests;

use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{Failure, print, progress};
use fixtures::Group;
use judge::{Got, Outcome, judge};
use peer::Peer;
use requests::{Job, Session, sessions};

/// The default of `--timeout`, in seconds.
const TIMEOUT: u64 = 30;

/// Replay what real Datasette answered against this program or another
///
/// Every scenario of compat-fixtures/ is asked of a program that speaks the protocol of dstok
/// serve: JSON-RPC 2.0, one request a line on its stdin, one answer a line on its stdout.
/// Without COMMAND it is this very program.
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok conformance\n  dstok conformance --release 1.0a41 -- \
    ./my-implementation --stdio\n  dstok conformance compat-fixtures/sign.jsonl --junit report.xml \
    -- node tokens.js")]
pub(super) struct ConformanceArgs {
    /// Files of fixtures or folders with them [default: compat-fixtures here or in a folder above,
    /// or above this program]
    paths: Vec<PathBuf>,

    /// The program to judge, with its arguments
    #[arg(last = true)]
    command: Vec<OsString>,

    /// Only the answers of this release; repeatable
    #[arg(long, value_name = "V")]
    release: Vec<String>,

    /// Only this group, a file's name without .jsonl; repeatable
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,

    /// How many scenarios that differ are shown
    #[arg(long, value_name = "N", default_value_t = 10)]
    show: usize,

    /// Write a report in JUnit's XML
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// Seconds to wait for an answer
    #[arg(long, value_name = "SECONDS", default_value_t = TIMEOUT,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

pub(super) fn run(args: &ConformanceArgs) -> Result<(), Failure> {
    let groups = groups(args)?;
    let mut outcome = Outcome::new(&groups);
    let sessions = sessions(&groups, &args.release);
    let checks = sessions.iter().map(|session| session.checks() as u64).sum();
    if checks == 0 {
        return Err(Failure::Usage(
            "there is nothing to check: no scenario has an answer of that --release".to_owned(),
        ));
    }
    let bar = progress::bar(Some(checks), "{bar:30} {percent}%  {human_pos} checks, {eta} left");
    for session in &sessions {
        let peer = Peer::start(&args.command)?;
        if let Err(broken) = replay(session, peer, args, &groups, &mut outcome, &bar)
            && !outcome.broken.contains(&broken)
        {
            outcome.broken.push(broken);
        }
    }
    bar.finish_and_clear();
    if let Some(path) = &args.junit {
        junit::write(path, &groups, &outcome)?;
    }
    print(report::text(&groups, &outcome, args.show).as_bytes())?;
    match outcome.failed() {
        0 => Ok(()),
        failed => Err(Failure::Negative(Some(format!("{failed} of {checks} checks failed")))),
    }
}

fn groups(args: &ConformanceArgs) -> Result<Vec<Group>, Failure> {
    let mut groups = fixtures::load(&args.paths).map_err(Failure::Usage)?;
    let known: Vec<_> = groups.iter().map(|group| group.name.clone()).collect();
    if let Some(name) = args.group.iter().find(|name| !known.contains(name)) {
        let known = known.join(", ");
        return Err(Failure::Usage(format!("--group: there is no group {name:?} but {known}")));
    }
    groups.retain(|group| args.group.is_empty() || args.group.contains(&group.name));
    let releases: Vec<&String> =
        groups.iter().flat_map(|group| &group.scenarios).flat_map(|s| s.releases()).collect();
    if let Some(name) = args.release.iter().find(|name| !releases.contains(name)) {
        return Err(Failure::Usage(format!("--release: no fixture knows Datasette {name:?}")));
    }
    Ok(groups)
}

/// Sends the requests of a session and judges the answers.
///
/// # Errors
/// Why the session came to an early end; what was not answered has failed.
fn replay(
    session: &Session,
    mut peer: Peer,
    args: &ConformanceArgs,
    groups: &[Group],
    outcome: &mut Outcome,
    bar: &indicatif::ProgressBar,
) -> Result<(), String> {
    let timeout = Duration::from_secs(args.timeout);
    let mut refused: Option<String> = None;
    let mut broken = None;
    std::thread::scope(|scope| {
        let mut stdin = peer.take_stdin();
        scope.spawn(move || {
            // A peer that reads no more is judged by its answers.
            session.lines(groups).try_for_each(|line| stdin.write(&line))
        });
        for (id, job) in session.jobs.iter().enumerate() {
            let got = match broken {
                Some(_) => Got::Unanswered,
                None => peer.answer(timeout).and_then(|line| Got::read(&line, id)).unwrap_or_else(
                    |reason| {
                        broken = Some(peer.end(&reason));
                        Got::Unanswered
                    },
                ),
            };
            match job {
                Job::Configure { .. } => refused = got.refusal(),
                Job::Check(place) => {
                    let got = match &refused {
                        Some(reason) if !matches!(got, Got::Unanswered) => {
                            Got::NotConfigured(reason.clone())
                        }
                        _ => got,
                    };
                    outcome.record(place, judge(place.scenario(groups), place.answer(groups), got));
                    bar.inc(1);
                }
            }
        }
    });
    broken.map_or(Ok(()), Err)
}
