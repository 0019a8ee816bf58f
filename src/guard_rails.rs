//! Layer 3: what whoever started the process forbids, beyond what Datasette refuses, and the
//! record of what was minted.

mod audit_log;

use std::fmt;
use std::io;
use std::sync::Arc;

pub use audit_log::{AuditLog, Minted};

use crate::datasette::{Actions, Restrictions, TokenRequest};
use crate::pyjson::{Value, loads};

/// The guard rails around minting; none by default.
#[derive(Clone, Debug, Default)]
pub struct GuardRails {
    /// A token must expire.
    pub require_expiry: bool,
    /// The longest that a token may be valid, in seconds. One that never expires is over it.
    pub max_expires_after: Option<u64>,
    /// A token may be restricted to actions only that the Datasette knows.
    pub known_actions_only: bool,
    /// Where each minted token is recorded.
    pub audit_log: Option<Arc<AuditLog>>,
}

impl GuardRails {
    /// Whether there are any.
    #[must_use]
    pub fn any(&self) -> bool {
        self.require_expiry
            || self.max_expires_after.is_some()
            || self.known_actions_only
            || self.audit_log.is_some()
    }

    /// To be called when a token was made and before anybody sees it: judges the request, then
    /// records the token.
    ///
    /// # Errors
    /// [`Refusal`]; the token must then not be released.
    pub fn release(
        &self,
        request: &TokenRequest<'_>,
        actions: &Actions,
        minted: &Minted<'_>,
    ) -> Result<(), Refusal> {
        self.check(request, actions)?;
        match &self.audit_log {
            Some(log) => log.record(request, minted).map_err(Refusal::NotRecorded),
            None => Ok(()),
        }
    }

    fn check(&self, request: &TokenRequest<'_>, actions: &Actions) -> Result<(), Refusal> {
        // Datasette takes 0 for never.
        let expires_after = request.expires_after.as_ref().filter(|seconds| !seconds.is_zero());
        match (expires_after, self.max_expires_after) {
            (None, Some(max)) => return Err(Refusal::NoExpiry(Some(max))),
            (None, None) if self.require_expiry => return Err(Refusal::NoExpiry(None)),
            (Some(seconds), Some(max)) if seconds.to_big() > max.into() => {
                return Err(Refusal::ExpiresTooLate(max));
            }
            _ => {}
        }
        if !self.known_actions_only {
            return Ok(());
        }
        match unknown_action(&request.restrictions, actions) {
            Some(name) => {
                let nearest = actions.nearest(&name).map(str::to_owned);
                Err(Refusal::UnknownAction { name, nearest })
            }
            None => Ok(()),
        }
    }
}

/// Why a token is not released.
#[derive(Debug)]
#[non_exhaustive]
pub enum Refusal {
    /// It would never expire. The longest allowed, in seconds, if there is a limit.
    NoExpiry(Option<u64>),
    /// It would expire later than allowed, in seconds.
    ExpiresTooLate(u64),
    /// It is restricted to an action that the Datasette does not know.
    UnknownAction {
        /// The name that was given.
        name: String,
        /// The name that was meant, perhaps.
        nearest: Option<String>,
    },
    /// `sign` in the namespace of API tokens would make a token past the other rails.
    SignedToken,
    /// The audit log could not be written.
    NotRecorded(io::Error),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoExpiry(None) => {
                f.write_str("expires_after is required: tokens must expire here (--require-expiry)")
            }
            Self::NoExpiry(Some(max)) => write!(
                f,
                "expires_after is required, of at most {max} seconds (--max-expires-after)"
            ),
            Self::ExpiresTooLate(max) => {
                write!(f, "expires_after is over the {max} seconds of --max-expires-after")
            }
            Self::UnknownAction { name, nearest } => {
                write!(f, "there is no action {:?}", shortened(name))?;
                match nearest {
                    Some(nearest) => write!(f, "; the nearest is {nearest} (--known-actions-only)"),
                    None => f.write_str(
                        ": this Datasette knows no actions, see --actions (--known-actions-only)",
                    ),
                }
            }
            Self::SignedToken => f.write_str(
                "signing in the namespace token would make a token past the guard rails; \
                 call create_token",
            ),
            Self::NotRecorded(error) => {
                write!(f, "the token is withheld: --audit-log cannot be written: {error}")
            }
        }
    }
}

impl std::error::Error for Refusal {}

/// The first action that is no known name. An abbreviation is none, as in Datasette's own
/// warning.
fn unknown_action(restrictions: &Restrictions<'_>, actions: &Actions) -> Option<String> {
    let texts = [restrictions.all, restrictions.database, restrictions.resource];
    texts.into_iter().flatten().find_map(|text| {
        // `create_token` has read it before.
        unknown_in(&loads(text).ok()?, actions)
    })
}

fn unknown_in(value: &Value<'_>, actions: &Actions) -> Option<String> {
    match value {
        Value::Str(name) => {
            let name = String::from_utf8_lossy(name);
            (!actions.contains(&name)).then(|| name.into_owned())
        }
        Value::List(items) => items.iter().find_map(|item| unknown_in(item, actions)),
        Value::Dict(members) => members.iter().find_map(|(_, item)| unknown_in(item, actions)),
        _ => None,
    }
}

/// Enough of a name to recognise it.
fn shortened(name: &str) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = name.chars().take(SHOWN).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    shown
}
