//! The limits on tokens that the options of the process set, and the record of minted tokens. No
//! request can change them.

mod audit_log;
mod limits;

use datasette_tokens::{Datasette, Error, RawTokenRequest, TOKEN_NAMESPACE, Workspace};

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
        datasette
            .create_token_into(request, mint.now, workspace, out)
            .map_err(MintError::Datasette)?;
        let mut released = self.limits.check(request, datasette.actions());
        if let (Ok(()), Some(log)) = (&released, &self.audit_log) {
            released = log.record(request, mint, &out[start..]).map_err(|error| {
                format!("the token is withheld: --audit-log cannot be written: {error}")
            });
        }
        released.map_err(|refusal| {
            out.truncate(start);
            MintError::Refused(refusal)
        })
    }

    /// Checks whether `sign` may be used in a namespace. In that of API tokens it would make a
    /// token without checks and record.
    ///
    /// # Errors
    /// [`MintError::Refused`].
    pub fn check_signing(&self, namespace: &str) -> Result<(), MintError> {
        let is_active = self.limits != Limits::default() || self.audit_log.is_some();
        if namespace == TOKEN_NAMESPACE && is_active {
            let refusal = "signing in the namespace token would bypass the limits on tokens; \
                           call create_token";
            return Err(MintError::Refused(refusal.to_owned()));
        }
        Ok(())
    }
}

/// Why a token isn't minted.
#[derive(Debug)]
pub enum MintError {
    /// Datasette would not make it.
    Datasette(Error),
    /// The policy refuses it. Holds the message for the user.
    Refused(String),
}
