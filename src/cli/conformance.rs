//! `dstok conformance`.

use std::{ffi::OsString, fs, path::PathBuf, time::Duration};

use clap::Args;

use super::failure::{Failure, Result};
use super::stdio::{print, progress_bar};
use crate::conformance::{
    Group, Options, Script, extract, is_chosen, junit, load, replay, report, scripts,
};

/// Compare a program with the recorded answers of real Datasette
///
/// Replays every scenario of the fixtures in dstok against a program that speaks the protocol of
/// `dstok serve`: JSON-RPC 2.0, one request per line on stdin, one response per line on stdout.
/// Without COMMAND, checks dstok itself.
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok conformance\n  dstok conformance --release 1.0a41 -- \
    ./my-implementation --stdio\n  \
    dstok conformance --method create_token --payloads -- node tokens.js\n  \
    dstok conformance fixtures/sign.jsonl --junit report.xml -- node tokens.js")]
pub(super) struct ConformanceArgs {
    /// Fixture files, or folders of them, to use instead of the fixtures in dstok
    paths: Vec<PathBuf>,

    /// The program to check, with its arguments
    #[arg(last = true)]
    command: Vec<OsString>,

    /// Check only this release. Can be repeated
    #[arg(long, value_name = "VERSION")]
    release: Vec<String>,

    /// Check only this group: a file's name without .jsonl. Can be repeated
    #[arg(long, value_name = "NAME")]
    group: Vec<String>,

    /// Check only this method. Can be repeated
    #[arg(long, value_name = "NAME")]
    method: Vec<String>,

    /// Accept compressed payloads of another zlib
    ///
    /// A signed value then passes if its signature fits its own text and its payload decompresses
    /// to the same JSON as Datasette's.
    #[arg(long)]
    payloads: bool,

    /// Only write the fixtures in dstok into this new folder
    #[arg(long, value_name = "DIR", exclusive = true)]
    extract: Option<PathBuf>,

    /// Show at most this many of the scenarios that differ
    #[arg(long, value_name = "N", default_value_t = 10)]
    show: usize,

    /// Write a report as JUnit XML to this file
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,

    /// How long to wait for a response, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 30,
        value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
}

pub(super) fn run(args: &ConformanceArgs) -> Result {
    if let Some(folder) = &args.extract {
        return Ok(extract(folder).map_err(|error| format!("--extract: {error}"))?);
    }
    let groups = groups(args)?;
    let scripts = scripts(&groups, &args.release, &args.method);
    let checks = || scripts.iter().flat_map(Script::values).flatten();
    let is_checked = |release| checks().any(|check| check.release == release);
    if let Some(release) = args.release.iter().find(|release| !is_checked(*release)) {
        let problem = "no scenario with this --group and --method has an answer from Datasette";
        return Err(format!("--release: {problem} {release:?}").into());
    }
    let checks = checks().count();
    if checks == 0 {
        let problem = "nothing to check: no scenario matches --release, --group and --method";
        return Err(problem.to_owned().into());
    }
    let template = "{bar:30} {percent}%  {human_pos} checks, {eta} left";
    let bar = progress_bar(Some(checks as u64), template);
    let options = Options {
        command: &args.command,
        timeout: Duration::from_secs(args.timeout),
        payloads: args.payloads,
    };
    let results = replay(&options, &scripts, || bar.inc(1))?;
    bar.finish_and_clear();
    if let Some(path) = &args.junit {
        fs::write(path, junit(&groups, &results))
            .map_err(|error| format!("--junit: cannot write {}: {error}", path.display()))?;
    }
    print(report(&groups, &results, args.show).as_bytes())?;
    match results.failed() {
        0 if results.is_clean() => Ok(()),
        0 => Err(Failure::Negative(Some("the program failed".to_owned()))),
        failed => Err(Failure::Negative(Some(format!("{failed} of {checks} checks failed")))),
    }
}

/// Loads the fixtures and keeps the groups that were asked for.
fn groups(args: &ConformanceArgs) -> Result<Vec<Group>> {
    let mut groups = load(&args.paths)?;
    let names: Vec<_> = groups.iter().map(|group| &*group.name).collect();
    check_names("group", &args.group, &names)?;
    let mut methods: Vec<_> = groups.iter().flat_map(Group::methods).collect();
    methods.sort_unstable();
    methods.dedup();
    check_names("method", &args.method, &methods)?;
    groups.retain(|group| {
        is_chosen(&args.group, &group.name)
            && group.methods().any(|method| is_chosen(&args.method, method))
    });
    Ok(groups)
}

/// Checks the names that the option `--{what}` was given.
fn check_names(what: &str, given: &[String], known: &[&str]) -> Result {
    let Some(name) = given.iter().find(|name| !known.contains(&name.as_str())) else {
        return Ok(());
    };
    let known = known.join(", ");
    Err(format!("--{what}: unknown {what} {name:?}; expected one of: {known}").into())
}
