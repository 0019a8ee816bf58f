//! The limits on tokens that the options of the process set, and the record of minted tokens. No
//! request can change them.

mod audit_log;
mod claims;
mod limits;
mod mint;
mod record;

use datasette_tokens::{ACTOR_NAMESPACE, Actions, TOKEN_NAMESPACE};

pub use audit_log::AuditLog;
pub use limits::Limits;
pub use mint::Mint;

use claims::Claims;

/// The methods that are always answered.
const ALWAYS_ALLOWED: [&str; 2] = ["info", "ping"];

/// What the process refuses beyond what Datasette refuses, and the record it keeps.
#[derive(Debug, Default)]
pub struct Policy {
    /// Which tokens may be minted.
    pub limits: Limits,
    /// The record of minted tokens, if one is kept.
    pub audit_log: Option<AuditLog>,
    /// The table of actions that the process was started with.
    pub actions: Actions,
    /// The names of the methods that are answered besides `info` and `ping`. `None` for all.
    pub methods: Option<Vec<String>>,
}

impl Policy {
    /// Checks a token that Datasette would make against the limits, and records it. Only then may
    /// anybody see it.
    ///
    /// # Errors
    /// The policy refuses the token, for this reason.
    pub fn release(&self, mint: &Mint<'_>) -> Result<(), String> {
        // A payload that was just written can be read.
        let claims = Claims::read(mint.payload).ok_or("the token is withheld: a bug in dstok")?;
        self.limits.check(mint, &claims, &self.actions)?;
        if self.limits.max_expires_after.is_some() || self.audit_log.is_some() {
            claims.check_exact()?;
        }
        let Some(log) = &self.audit_log else { return Ok(()) };
        log.record(mint, &claims, &self.actions).map_err(|error| {
            let problem = if error.raw_os_error().is_some() { "be written" } else { "record it" };
            format!("the token is withheld: --audit-log cannot {problem}: {error}")
        })
    }

    /// Whether tokens are limited or recorded. If not, [`Policy::release`] has nothing to do.
    pub fn concerns_tokens(&self) -> bool {
        self.limits != Limits::default() || self.audit_log.is_some()
    }

    /// Whether a method of this name may be called.
    pub fn allows_method(&self, name: &str) -> bool {
        let Some(methods) = &self.methods else { return true };
        ALWAYS_ALLOWED.contains(&name) || methods.iter().any(|allowed| allowed == name)
    }

    /// Checks whether `configure` may replace the table of actions. Another table could give an
    /// action the abbreviation of another one.
    ///
    /// # Errors
    /// The policy refuses it, for this reason.
    pub fn check_actions(&self) -> Result<(), &'static str> {
        if self.concerns_tokens() {
            return Err("actions cannot be replaced while tokens are limited or recorded; start \
                        dstok with --actions FILE");
        }
        Ok(())
    }

    /// Checks whether `sign` may be used in a namespace. In that of API tokens or cookies it would
    /// make one without the method for it.
    ///
    /// # Errors
    /// The policy refuses it, for this reason.
    pub fn check_signing(&self, namespace: &str) -> Result<(), String> {
        let method = match namespace {
            TOKEN_NAMESPACE => "create_token",
            ACTOR_NAMESPACE => "create_actor_cookie",
            _ => return Ok(()),
        };
        if !self.allows_method(method) {
            return Err(format!("sign in the namespace {namespace} needs {method} in --methods"));
        }
        if namespace == TOKEN_NAMESPACE && self.concerns_tokens() {
            let reason = "signing in the namespace token would bypass the limits on tokens; call \
                          create_token";
            return Err(reason.to_owned());
        }
        Ok(())
    }
}
