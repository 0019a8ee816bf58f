//! `dstok completions`.

use clap::Args;
use clap_complete::Shell;

use super::{failure::Result, stdio::print};

/// Print a completion script for a shell
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    dstok completions bash > ~/.local/share/bash-completion/completions/dstok\n  \
    dstok completions fish > ~/.config/fish/completions/dstok.fish")]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints the script for `command`, the whole program.
pub(super) fn run(args: &CompletionsArgs, mut command: clap::Command) -> Result {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut command, "dstok", &mut out);
    print(&out)
}
