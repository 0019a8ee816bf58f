//! The limits on tokens that the options of the process set, and the record of minted tokens. No
//! request can change them.

mod audit_log;
mod limits;

use std::fmt;
use std::io;

use datasette_tokens::{Datasette, Error, RawTokenRequest, Workspace};

pub use audit_log::{AuditLog, Mint};
pub use limits::{LimitExceeded, Limits};

/// What the process refuses beyond what Datasette refuses, and the record it keeps.
#[derive(Debug, Default)]
pub struct Policy {
    /// Which tokens may be minted.
    pub limits: Limits,
    /// The record of minted tokens, if one is kept.
    pub audit_log: Option<AuditLog>,
}

impl Policy {
    /// Whether there is any limit or an audit log.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.limits.any() || self.audit_log.is_some()
    }

    /// Mints a token, checks it against the limits and records it, in this order: an error of
    /// Datasette comes before a refusal. Appends the token to `out`.
    ///
    /// # Errors
    /// [`MintError`]; `out` is then as it was.
    pub fn mint(
        &self,
        datasette: &Datasette,
        request: &RawTokenRequest<'_>,
        mint: &Mint<'_>,
        workspace: &mut Workspace,
        out: &mut Vec<u8>,
    ) -> Result<(), MintError> {
        let start = out.len();
        datasette.create_token_into(request, mint.now, workspace, out)?;
        let released = self.release(datasette, request, mint, &out[start..]);
        if released.is_err() {
            out.truncate(start);
        }
        Ok(released?)
    }

    fn release(
        &self,
        datasette: &Datasette,
        request: &RawTokenRequest<'_>,
        mint: &Mint<'_>,
        token: &[u8],
    ) -> Result<(), Refusal> {
        self.limits.check(request, datasette.actions()).map_err(Refusal::Limit)?;
        match &self.audit_log {
            Some(log) => log.record(request, mint, token).map_err(Refusal::NotRecorded),
            None => Ok(()),
        }
    }

    /// Checks whether `sign` may be used in a namespace.
    ///
    /// # Errors
    /// [`Refusal::SignedToken`].
    pub fn check_signing(&self, namespace: &str) -> Result<(), Refusal> {
        if namespace == datasette_tokens::TOKEN_NAMESPACE && self.is_active() {
            return Err(Refusal::SignedToken);
        }
        Ok(())
    }
}

/// Why a token isn't minted.
#[derive(Debug)]
pub enum MintError {
    /// Datasette would not make it.
    Datasette(Error),
    /// The policy refuses it.
    Refused(Refusal),
}

impl From<Error> for MintError {
    fn from(error: Error) -> Self {
        Self::Datasette(error)
    }
}

impl From<Refusal> for MintError {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl fmt::Display for MintError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Datasette(error) => error.fmt(f),
            Self::Refused(refusal) => refusal.fmt(f),
        }
    }
}

impl std::error::Error for MintError {}

/// Why the policy refuses something.
#[derive(Debug)]
pub enum Refusal {
    /// The token is over a limit.
    Limit(LimitExceeded),
    /// `sign` in the namespace of API tokens would make a token without checks and record.
    SignedToken,
    /// The audit log can't be written.
    NotRecorded(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Limit(limit) => limit.fmt(f),
            Self::SignedToken => f.write_str(
                "signing in the namespace token would bypass the limits on tokens; \
                 call create_token",
            ),
            Self::NotRecorded(error) => {
                write!(f, "the token is withheld: --audit-log cannot be written: {error}")
            }
        }
    }
}

impl std::error::Error for Refusal {}
