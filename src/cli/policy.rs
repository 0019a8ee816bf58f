//! The options of subcommands that mint tokens: limits on tokens, and the audit log.

use std::path::{Path, PathBuf};

use clap::Args;
use dstok::policy::{AuditLog, Limits, Policy};

use super::failure::Failure;

#[derive(Args)]
#[command(next_help_heading = "Token policy")]
pub(super) struct PolicyArgs {
    /// Refuse tokens that never expire
    #[arg(long)]
    require_expiry: bool,

    /// Refuse tokens with a longer lifetime, and tokens that never expire
    #[arg(long, value_name = "SECONDS")]
    max_expires_after: Option<u64>,

    /// Refuse restrictions to actions that this Datasette does not know
    #[arg(long)]
    known_actions_only: bool,

    /// Before a token is released, append a line of JSON about it: time, actor, expiry,
    /// restrictions, method, and the SHA-256 of the token
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
}

impl PolicyArgs {
    /// The policy. Opens the audit log.
    pub(super) fn policy(&self) -> Result<Policy, Failure> {
        let limits = Limits {
            require_expiry: self.require_expiry,
            max_expires_after: self.max_expires_after,
            known_actions_only: self.known_actions_only,
        };
        let audit_log = self.audit_log.as_deref().map(open_audit_log).transpose()?;
        Ok(Policy { limits, audit_log })
    }
}

fn open_audit_log(path: &Path) -> Result<AuditLog, Failure> {
    AuditLog::open(path).map_err(|error| {
        Failure::Usage(format!("--audit-log: cannot append to {}: {error}", path.display()))
    })
}
