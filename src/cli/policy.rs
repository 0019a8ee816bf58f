//! The options of subcommands that mint tokens: limits on tokens, and the audit log.

use std::path::{Path, PathBuf};

use clap::Args;
use datasette_tokens::Actions;
use dstok::platform::is_readable_by_others;
use dstok::policy::{AuditLog, Limits, Policy};

use super::failure::Result;
use super::secrets::warn_of_readers;

#[derive(Args)]
#[command(next_help_heading = "Token policy")]
pub(super) struct PolicyArgs {
    #[command(flatten)]
    limits: Limits,

    /// Append a line of JSON about each token before releasing it: time, actor, expiry,
    /// restrictions, method, and the SHA-256 of the token
    #[arg(long, value_name = "FILE")]
    audit_log: Option<PathBuf>,
}

impl PolicyArgs {
    /// The policy of a process that is started with these actions. Opens the audit log.
    pub(super) fn policy(&self, actions: &Actions) -> Result<Policy> {
        let audit_log = self.audit_log.as_deref().map(open).transpose()?;
        let actions = actions.clone();
        Ok(Policy { limits: self.limits, audit_log, actions, methods: None })
    }
}

fn open(path: &Path) -> Result<AuditLog> {
    let log = AuditLog::open(path)?;
    if log.file().metadata().is_ok_and(|file| is_readable_by_others(&file)) {
        warn_of_readers("--audit-log", path);
    }
    Ok(log)
}
