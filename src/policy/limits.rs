//! The limits on tokens.

use std::fmt;

use datasette_tokens::{Actions, RawRestrictions, RawTokenRequest, Value};
use pyjson::loads;

/// Which tokens may be minted. By default any.
#[derive(Clone, Copy, Debug, Default)]
pub struct Limits {
    /// A token must expire.
    pub require_expiry: bool,
    /// The longest that a token may be valid, in seconds. A token without an end is over it.
    pub max_expires_after: Option<u64>,
    /// Restrictions may name only actions that the Datasette knows.
    pub known_actions_only: bool,
}

impl Limits {
    /// Whether there is any limit.
    #[must_use]
    pub fn any(&self) -> bool {
        self.require_expiry || self.max_expires_after.is_some() || self.known_actions_only
    }

    /// Checks the request for a token that Datasette would make.
    pub(super) fn check(
        &self,
        request: &RawTokenRequest<'_>,
        actions: &Actions,
    ) -> Result<(), LimitExceeded> {
        // Datasette takes 0 for never.
        let expires_after = request.expires_after.as_ref().filter(|seconds| !seconds.is_zero());
        match (expires_after, self.max_expires_after) {
            (None, Some(max)) => return Err(LimitExceeded::NoExpiry(Some(max))),
            (None, None) if self.require_expiry => return Err(LimitExceeded::NoExpiry(None)),
            (Some(seconds), Some(max)) if *seconds > max.into() => {
                return Err(LimitExceeded::ExpiresTooLate(max));
            }
            _ => {}
        }
        if !self.known_actions_only {
            return Ok(());
        }
        match unknown_action(&request.restrictions, actions) {
            Some(name) => {
                let nearest = nearest(actions, &name).map(str::to_owned);
                Err(LimitExceeded::UnknownAction { name, nearest })
            }
            None => Ok(()),
        }
    }
}

/// Which limit a token is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LimitExceeded {
    /// It would never expire. Holds the longest validity allowed in seconds, if it is limited.
    NoExpiry(Option<u64>),
    /// It would expire later than this many seconds from now.
    ExpiresTooLate(u64),
    /// Its restrictions name an action that the Datasette doesn't know.
    UnknownAction {
        /// The name.
        name: String,
        /// The known name most like it; `None` if no action is known.
        nearest: Option<String>,
    },
}

impl fmt::Display for LimitExceeded {
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
        }
    }
}

impl std::error::Error for LimitExceeded {}

/// The first name that isn't that of an action. As in Datasette's own warning, an abbreviation
/// isn't one.
fn unknown_action(restrictions: &RawRestrictions<'_>, actions: &Actions) -> Option<String> {
    let texts = [restrictions.all, restrictions.database, restrictions.resource];
    // The texts are JSON: a token was made from them.
    texts.into_iter().flatten().find_map(|text| unknown_in(&loads(text).ok()?, actions))
}

fn unknown_in(value: &Value<'_>, actions: &Actions) -> Option<String> {
    match value {
        Value::Str(name) => {
            let name = name.to_string_lossy();
            (!actions.contains(&name)).then(|| name.into_owned())
        }
        Value::List(items) => items.iter().find_map(|item| unknown_in(item, actions)),
        Value::Dict(members) => members.iter().find_map(|(_, item)| unknown_in(item, actions)),
        _ => None,
    }
}

/// The action that an abbreviation stands for, else the one whose name is most like `name`.
fn nearest<'a>(actions: &'a Actions, name: &str) -> Option<&'a str> {
    if let Some(full_name) = actions.full_name(name) {
        return Some(full_name);
    }
    let similarity = |known: &str| strsim::jaro_winkler(known, name);
    // Names come in no particular order. Among equally similar ones the first in the alphabet wins.
    actions.names().max_by(|a, b| similarity(a).total_cmp(&similarity(b)).then_with(|| b.cmp(a)))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_abbreviation_means_its_action_and_the_alphabet_breaks_ties() {
        let actions = r#"{"bat": "x", "hat": null, "cat": "cc", "view-table": "at"}"#;
        let actions = Actions::from_json(actions).unwrap();
        for (name, expected) in
            [("at", "view-table"), ("cc", "cat"), ("dat", "bat"), ("viewtable", "view-table")]
        {
            assert_eq!(nearest(&actions, name), Some(expected), "{name}");
        }
        assert_eq!(nearest(&Actions::none(), "cat"), None);
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let limit = LimitExceeded::UnknownAction { name: "é".repeat(61), nearest: None };
        assert!(limit.to_string().contains(&format!("\"{}…\"", "é".repeat(60))), "{limit}");
    }
}
