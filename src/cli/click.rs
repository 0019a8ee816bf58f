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
        // No option has a name outside of UTF-8, so such an argument passes through as it is.
        let option = arg.to_str().and_then(|text| parse_option(command, text));
        let options_end = arg == "--";
        let Some((name, value, values)) = option else {
            detached.push(arg);
            if options_end {
                break;
            }
            continue;
        };
        let left = values - usize::from(value.is_some());
        detached.push(name.into());
        detached.extend(value.map(OsString::from));
        detached.extend(args.by_ref().take(left));
    }
    detached.extend(args);
    detached
}

/// The name at the start of an option that takes values, the value attached to it, and how many
/// values it takes.
fn parse_option<'t>(command: &Command, text: &'t str) -> Option<(&'t str, Option<&'t str>, usize)> {
    let (name, value) = if !text.starts_with("--") {
        let (name, value) = text.split_at_checked(2)?;
        (name, Some(value).filter(|value| !value.is_empty()))
    } else if let Some((name, value)) = text.split_once('=') {
        (name, Some(value))
    } else {
        (text, None)
    };
    let option = command.get_arguments().find(|option| {
        let long = option.get_long().map(|long| format!("--{long}"));
        let short = option.get_short().map(|short| format!("-{short}"));
        [long, short].iter().flatten().any(|known| known == name)
    })?;
    let values = option.get_num_args().map_or(0, |range| range.max_values());
    (values > 0).then_some((name, value, values))
}
