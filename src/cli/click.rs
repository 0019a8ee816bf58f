//! Click reads some spellings of options that clap does not; this rewrites the one into the
//! other. Upstream: `_OptionParser` in `click/parser.py`.

use std::ffi::OsString;

use clap::{Arg, Command};

/// Sets the values apart that are attached to their option: `-dDB ACTION`, `--database=DB
/// ACTION`, `-a=x` (whose value is `=x`). As in Click, an option takes its values whatever they
/// look like.
pub(super) fn detach_values(
    command: &Command,
    args: impl Iterator<Item = OsString>,
) -> Vec<OsString> {
    let mut detached = Vec::new();
    let mut values_to_come = 0;
    let mut options_ended = false;
    for arg in args {
        let text = arg.to_str().unwrap_or_default();
        if values_to_come > 0 {
            values_to_come -= 1;
        } else if text == "--" {
            options_ended = true;
        } else if let Some((option, name, value)) = parse_option(command, text)
            && !options_ended
        {
            values_to_come = option.get_num_args().map_or(0, |range| range.max_values());
            if let Some(value) = value
                && values_to_come > 0
            {
                detached.push(name.into());
                detached.push(value.into());
                values_to_come -= 1;
                continue;
            }
        }
        detached.push(arg);
    }
    detached
}

/// The option that `text` begins with, its spelling and the value attached to it.
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
