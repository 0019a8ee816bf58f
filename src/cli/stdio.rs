//! Writing output to stdout, and messages and progress to stderr.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::atomic::{AtomicBool, Ordering};

use dstok::platform::write_stderr_at_once;
use indicatif::{HumanCount, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::failure::Result;

/// Whether [`warn`] drops a message rather than wait for a reader.
static NEVER_WAITS: AtomicBool = AtomicBool::new(false);

/// Writes a subcommand's whole output to stdout.
pub(crate) fn print(bytes: &[u8]) -> Result {
    let mut stdout = io::stdout().lock();
    stdout.write_all(bytes)?;
    Ok(stdout.flush()?)
}

/// Writes a subcommand's whole output to stdout, with a newline after it.
pub(super) fn print_line(text: impl Into<Vec<u8>>) -> Result {
    let mut line = text.into();
    line.push(b'\n');
    print(&line)
}

/// Writes `dstok: message` as one line, with control characters escaped.
///
/// Errors are ignored: a closed stderr is no reason to fail.
pub(crate) fn warn(message: &str) {
    let line = format!("dstok: {}\n", escape(message, char::is_control));
    if NEVER_WAITS.load(Ordering::Relaxed) {
        write_stderr_at_once(line.as_bytes());
    } else {
        let _ = io::stderr().write_all(line.as_bytes());
    }
}

/// Replaces some characters by their escapes, such as `\u{1b}`.
pub(super) fn escape(text: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        if is_escaped(c) { escaped.extend(c.escape_default()) } else { escaped.push(c) }
    }
    escaped
}

/// From now on [`warn`] drops messages that stderr can't take at once. A parent may open a pipe
/// for stderr and never read it, and `serve` must not hang then.
pub(super) fn never_wait() {
    NEVER_WAITS.store(true, Ordering::Relaxed);
}

/// A progress bar on stderr, hidden unless that is a terminal. Without a length it is a spinner.
/// `template` is indicatif's.
pub(crate) fn progress_bar(length: Option<u64>, template: &str) -> ProgressBar {
    let bar = ProgressBar::with_draw_target(length, ProgressDrawTarget::stderr());
    // indicatif's own rate has four digits after the point.
    let rate = |state: &ProgressState, out: &mut dyn fmt::Write| {
        let _ = write!(out, "{}/s", HumanCount(state.per_sec() as u64));
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style.with_key("per_sec", rate)),
        Err(_) => bar,
    }
}

/// A noun in the number that goes with a count.
pub(crate) fn plural(noun: &str, count: u64) -> String {
    if count == 1 { noun.to_owned() } else { format!("{noun}s") }
}
