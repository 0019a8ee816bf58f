//! Translates Click's spellings of options into clap's. Upstream: `_OptionParser` in
//! `click/parser.py`.

use std::ffi::OsString;

use clap::{Arg, Command};

/// Detaches values from their options: `-dDB ACTION`, `--database=DB ACTION`, `-a=x` (in Click the
/// value is `=x`). As in Click, an option takes the arguments after it as values even if they
/// begin with a hyphen.
pub(super) fn detach_values(
    command: &Command,
    args: impl Iterator<Item = OsString>,
) -> Vec<OsString> {
    let mut detached = Vec::new();
    let mut pending_values = 0;
    let mut options_ended = false;
    for arg in args {
        // No option has a name outside of UTF-8, so such an argument passes through as it is.
        let text = arg.to_str().unwrap_or_default();
        if pending_values > 0 {
            pending_values -= 1;
        } else if text == "--" {
            options_ended = true;
        } else if let Some((option, name, value)) = parse_option(command, text)
            && !options_ended
        {
            pending_values = option.get_num_args().map_or(0, |range| range.max_values());
            if let Some(value) = value
                && pending_values > 0
            {
                detached.push(name.into());
                detached.push(value.into());
                pending_values -= 1;
                continue;
            }
        }
        detached.push(arg);
    }
    detached
}

/// The option at the start of `text`, its spelling, and the value attached to it.
fn parse_option<'t>(command: &Command, text: &'t str) -> Option<(Arg, String, Option<&'t str>)> {
    let find = |test: &dyn Fn(&Arg) -> bool| command.get_arguments().find(|arg| test(arg)).cloned();
    if let Some(long) = text.strip_prefix("--") {
        let (name, value) = match long.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (long, None),
        };
        let option = find(&|arg| arg.get_long() == Some(name))?;
        return Some((option, format!("--{name}"), value));
    }
    let mut letters = text.strip_prefix('-')?.chars();
    let letter = letters.next()?;
    let option = find(&|arg| arg.get_short() == Some(letter))?;
    let value = Some(letters.as_str()).filter(|value| !value.is_empty());
    Some((option, format!("-{letter}"), value))
}
