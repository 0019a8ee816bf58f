//! Translates Click's spellings of options into clap's. Upstream: `_OptionParser` in
//! `click/parser.py`.

use std::{env::ArgsOs, ffi::OsString, iter};

use clap::Command;

use super::{create_token, create_tokens};

/// Detaches values from their options: `-dDB ACTION`, `--database=DB ACTION`, `-a=x` (in Click the
/// value is `=x`). As in Click, an option takes the arguments after it as values even if they
/// begin with a hyphen. Only create-token and create-tokens read Click's spellings.
pub(super) fn detach_values(program: &Command, mut args: ArgsOs) -> Vec<OsString> {
    let mut detached: Vec<_> = args.by_ref().take(2).collect();
    let command = match detached.get(1).and_then(|name| name.to_str()) {
        Some(name @ (create_token::NAME | create_tokens::NAME)) => program.find_subcommand(name),
        _ => None,
    };
    while let Some(arg) = args.next() {
        // No option has a name outside of UTF-8, so such an argument passes through as it is.
        match arg.to_str().and_then(|text| parse_option(command?, text)) {
            Some((name, value, count)) => {
                let following = count - usize::from(value.is_some());
                detached.push(name.into());
                detached.extend(value.map(OsString::from));
                detached.extend(args.by_ref().take(following));
            }
            None if arg == "--" => detached.extend(iter::once(arg).chain(args.by_ref())),
            None => detached.push(arg),
        }
    }
    detached
}

/// The name of an option that takes values, the value attached to it, and how many it takes.
fn parse_option<'t>(command: &Command, text: &'t str) -> Option<(&'t str, Option<&'t str>, usize)> {
    let (name, value) = if text.starts_with("--") {
        text.split_once('=').map_or((text, None), |(name, value)| (name, Some(value)))
    } else {
        let (name, value) = text.split_at_checked(2)?;
        (name, Some(value).filter(|value| !value.is_empty()))
    };
    let option = command.get_opts().find(|option| {
        option.get_long().is_some_and(|long| name.strip_prefix("--") == Some(long))
            || option.get_short().is_some_and(|short| name.chars().eq(['-', short]))
    })?;
    Some((name, value, option.get_num_args()?.max_values()))
}
