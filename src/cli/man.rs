//! `dstok man`.

use clap::Args;
use clap_mangen::Man;

use super::{failure::Result, failure::expected_subcommand, stdio::print};

/// Print the manual page of dstok or of a subcommand
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok man | man -l -\n  \
    dstok man create-token > ~/.local/share/man/man1/dstok-create-token.1")]
pub(super) struct ManArgs {
    /// The subcommand [default: dstok itself]
    subcommand: Option<String>,
}

/// Prints the page of `command`, the whole program, or of one of its subcommands.
pub(super) fn run(args: &ManArgs, mut command: clap::Command) -> Result {
    command.build();
    let page = match &args.subcommand {
        None => &command,
        Some(name) => command.find_subcommand(name).ok_or_else(|| {
            format!("unknown subcommand {name:?}; {}", expected_subcommand(&command))
        })?,
    };
    let mut out = Vec::new();
    Man::new(page.clone()).render(&mut out)?;
    print(&out)
}
