//! The limits on tokens that the options of the process set, and the record of minted tokens. No
//! request can change them.

mod audit_log;
mod limits;

use datasette_tokens::{Actions, TOKEN_NAMESPACE};

pub use audit_log::{AuditLog, Mint};
pub use limits::Limits;

/// What the process refuses beyond what Datasette refuses, and the record it keeps.
#[derive(Debug, Default)]
pub struct Policy {
    /// Which tokens may be minted.
    pub limits: Limits,
    /// The record of minted tokens, if one is kept.
    pub audit_log: Option<AuditLog>,
}

impl Policy {
    /// Checks a token that Datasette would make against the limits, and records it. Only then may
    /// anybody see it.
    ///
    /// # Errors
    /// The policy refuses the token, for this reason.
    pub fn release(&self, mint: &Mint<'_>, actions: &Actions) -> Result<(), String> {
        self.limits.check(mint.request, actions)?;
        let Some(log) = &self.audit_log else { return Ok(()) };
        log.record(mint).map_err(|error| {
            format!("the token is withheld: --audit-log cannot be written: {error}")
        })
    }

    /// Checks whether `sign` may be used in a namespace. In that of API tokens it would make a
    /// token without checks and record.
    ///
    /// # Errors
    /// The policy refuses it, for this reason.
    pub fn check_signing(&self, namespace: &str) -> Result<(), &'static str> {
        let is_active = self.limits != Limits::default() || self.audit_log.is_some();
        if namespace == TOKEN_NAMESPACE && is_active {
            return Err("signing in the namespace token would bypass the limits on tokens; call \
                        create_token");
        }
        Ok(())
    }
}
