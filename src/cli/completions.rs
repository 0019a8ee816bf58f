//! `dstok completions`.

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, Failure, print};

/// Print the completions for a shell
#[derive(Args)]
#[command(after_help = "Examples:\n  \
    dstok completions bash > ~/.local/share/bash-completion/completions/dstok\n  \
    dstok completions fish > ~/.config/fish/completions/dstok.fish")]
pub(super) struct CompletionsArgs {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

pub(super) fn run(args: &CompletionsArgs) -> Result<(), Failure> {
    let mut out = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "dstok", &mut out);
    print(&out)
}
