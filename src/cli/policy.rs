//! The options of subcommands that mint tokens: limits on tokens, and the audit log.

use std::path::PathBuf;

use clap::Args;
use dstok::policy::{AuditLog, Limits, Policy};

use super::failure::Result;

#[derive(Args)]
#[command(next_help_heading = "Token policy")]
pub(super) struct PolicyArgs {
    #[command(flatten)]
    limits: Limits,

    /// Before a token is released, append a line of JSON about it: time, actor, expiry,
    /// restrictions, method, and the SHA-256 of the token
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
}

impl PolicyArgs {
    /// The policy. Opens the audit log.
    pub(super) fn policy(&self) -> Result<Policy> {
        let audit_log = self.audit_log.as_deref().map(AuditLog::open).transpose()?;
        Ok(Policy { limits: self.limits, audit_log })
    }
}
