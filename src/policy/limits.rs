//! The limits on tokens.

use clap::Args;
use datasette_tokens::{Actions, RawRestrictions, RawTokenRequest, Value};
use pyjson::loads;

/// Which tokens may be minted: options of the subcommands that mint. By default any.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Refuse tokens that never expire
    #[arg(long)]
    pub require_expiry: bool,

    /// Refuse tokens with a longer lifetime, and tokens that never expire
    #[arg(long, value_name = "SECONDS")]
    pub max_expires_after: Option<u64>,

    /// Refuse restrictions to actions that this Datasette does not know
    #[arg(long)]
    pub known_actions_only: bool,
}

impl Limits {
    /// Checks the request for a token that Datasette would make.
    ///
    /// # Errors
    /// Which limit the token is over, for the user.
    pub fn check(&self, request: &RawTokenRequest<'_>, actions: &Actions) -> Result<(), String> {
        match (request.lifetime(), self.max_expires_after) {
            (None, Some(max)) => Err(format!(
                "expires_after is required, of at most {max} seconds (--max-expires-after)"
            )),
            (None, None) if self.require_expiry => {
                Err("expires_after is required: tokens must expire here (--require-expiry)".into())
            }
            (Some(seconds), Some(max)) if *seconds > max.into() => {
                Err(format!("expires_after is over the {max} seconds of --max-expires-after"))
            }
            _ if self.known_actions_only => {
                let unknown = unknown_action(&request.restrictions, actions);
                unknown.map_or(Ok(()), |name| Err(unknown_action_error(&name, actions)))
            }
            _ => Ok(()),
        }
    }
}

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

/// The message about an unknown action. Shows enough of a long name to recognise it.
fn unknown_action_error(name: &str, actions: &Actions) -> String {
    const SHOWN: usize = 60;
    let mut shown: String = name.chars().take(SHOWN).collect();
    if shown.len() < name.len() {
        shown.push('…');
    }
    let hint = match nearest(actions, name) {
        Some(nearest) => format!("; the nearest is {nearest}"),
        None => ": this Datasette knows no actions, see --actions".to_owned(),
    };
    format!("there is no action {shown:?}{hint} (--known-actions-only)")
}

/// The action that an abbreviation stands for, else the one whose name is most like `name`.
fn nearest<'a>(actions: &'a Actions, name: &str) -> Option<&'a str> {
    let similarity = |known: &str| strsim::jaro_winkler(known, name);
    // Names come in no particular order. Among equally similar ones the first in the alphabet wins.
    let compare = |a: &&str, b: &&str| similarity(a).total_cmp(&similarity(b)).then(b.cmp(a));
    actions.full_name(name).or_else(|| actions.names().max_by(compare))
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
        let error = unknown_action_error(&"é".repeat(61), &Actions::none());
        assert!(error.contains(&format!("\"{}…\"", "é".repeat(60))), "{error}");
    }
}
