//! Translates Click's spellings of options into clap's. Upstream: `_OptionParser` in
//! `click/parser.py`.

use std::ffi::OsString;

use clap::Command;

/// Detaches values from their options: `-dDB ACTION`, `--database=DB ACTION`, `-a=x` (in Click the
/// value is `=x`). As in Click, an option takes the arguments after it as values even if they
/// begin with a hyphen.
pub(super) fn detach_values(
    command: &Command,
    mut args: impl Iterator<Item = OsString>,
) -> Vec<OsString> {
    let mut detached = Vec::new();
    while let Some(arg) = args.next() {
        if arg == "--" {
            detached.push(arg);
            break;
        }
        // No option has a name outside of UTF-8, so such an argument passes through as it is.
        match arg.to_str().and_then(|text| parse_option(command, text)) {
            Some((name, value, count)) => {
                let following = count - usize::from(value.is_some());
                detached.push(name.into());
                detached.extend(value.map(OsString::from));
                detached.extend(args.by_ref().take(following));
            }
            None => detached.push(arg),
        }
    }
    detached.extend(args);
    detached
}

/// The name of an option that takes values, the value attached to it, and how many it takes.
fn parse_option<'t>(command: &Command, text: &'t str) -> Option<(&'t str, Option<&'t str>, usize)> {
    let (name, value) = match text.split_once('=') {
        Some((name, value)) if name.starts_with("--") => (name, Some(value)),
        _ if text.starts_with("--") => (text, None),
        _ => {
            let (name, value) = text.split_at_checked(2)?;
            (name, Some(value).filter(|value| !value.is_empty()))
        }
    };
    let option = command.get_opts().find(|option| {
        option.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long))
            || option.get_short().is_some_and(|short| name.chars().eq(['-', short]))
    })?;
    Some((name, value, option.get_num_args()?.max_values()))
}
