//! The options that forbid and record, of every subcommand that mints tokens.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::Failure;
use dstok::guard_rails::{AuditLog, GuardRails};

#[derive(Args)]
#[command(next_help_heading = "Guard rails")]
pub(super) struct GuardRailArgs {
    /// Refuse tokens that never expire
    #[arg(long)]
    require_expiry: bool,

    /// Refuse tokens that are valid for longer than this, those that never expire included
    #[arg(long, value_name = "SECONDS")]
    max_expires_after: Option<u64>,

    /// Refuse restrictions to actions that this Datasette does not know
    #[arg(long)]
    known_actions_only: bool,

    /// Append a line of JSON for each token before anybody sees the token: when, who, until
    /// when, restricted to what, made how, the SHA-256 of the token
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
}

impl GuardRailArgs {
    /// Opens the audit log.
    pub(super) fn guard_rails(&self) -> Result<GuardRails, Failure> {
        let open = |path: &PathBuf| {
            AuditLog::open(path).map(Arc::new).map_err(|error| {
                let path = path.display();
                Failure::Usage(format!("--audit-log: cannot append to {path}: {error}"))
            })
        };
        Ok(GuardRails {
            require_expiry: self.require_expiry,
            max_expires_after: self.max_expires_after,
            known_actions_only: self.known_actions_only,
            audit_log: self.audit_log.as_ref().map(open).transpose()?,
        })
    }
}
