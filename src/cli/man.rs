//! `dstok man`.

use clap::{Args, CommandFactory};
use clap_mangen::Man;

use super::{Cli, Failure, print};

/// Print the man page of dstok or of a subcommand
#[derive(Args)]
#[command(after_help = "Examples:\n  dstok man | man -l -\n  \
    dstok man create-token > ~/.local/share/man/man1/dstok-create-token.1")]
pub(super) struct ManArgs {
    /// The subcommand
    subcommand: Option<String>,
}

pub(super) fn run(args: &ManArgs) -> Result<(), Failure> {
    let mut command = Cli::command();
    command.build();
    let page = match &args.subcommand {
        None => &command,
        Some(name) => command.find_subcommand(name).ok_or_else(|| {
            let names: Vec<_> = command.get_subcommands().map(clap::Command::get_name).collect();
            Failure::Usage(format!("there is no such subcommand but {}", names.join(", ")))
        })?,
    };
    let mut out = Vec::new();
    Man::new(page.clone()).render(&mut out)?;
    print(&out)
}
