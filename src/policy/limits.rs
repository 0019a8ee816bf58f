//! The limits on tokens.

use std::borrow::Cow;

use clap::Args;
use datasette_tokens::{Actions, Integer, RawRestrictions, unix_seconds};
use pyjson::{Error, Kind, Scanner};

use super::{claims::Claims, mint::Mint};
use crate::names::{beginning, most_alike, quoted};

/// With more actions than this, none is called the nearest: comparing them takes longer than all the
/// rest.
const MAX_COMPARED: usize = 1000;

/// Which tokens may be minted: options of the subcommands that mint. By default any.
#[derive(Args, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    /// Refuse tokens that never expire
    #[arg(long)]
    pub require_expiry: bool,

    /// Refuse tokens that work for longer than this many seconds from now, and tokens that never
    /// expire. "Now" is the time on the process's clock, not the `now` of a request or record
    #[arg(long, value_name = "SECONDS")]
    pub max_expires_after: Option<u64>,

    /// Refuse restrictions to actions that this Datasette does not know
    #[arg(long)]
    pub known_actions_only: bool,
}

impl Limits {
    /// Checks a token that Datasette would make. `actions` are those that the process was started
    /// with.
    ///
    /// # Errors
    /// Which limit the token is over, for the user.
    pub(super) fn check(
        &self,
        mint: &Mint<'_>,
        claims: &Claims<'_>,
        actions: &Actions,
    ) -> Result<(), String> {
        match (&claims.expires, self.max_expires_after) {
            (None, Some(max)) => Err(format!(
                "expires_after is required and must be at most {max} seconds (--max-expires-after)"
            )),
            (None, None) if self.require_expiry => {
                Err("expires_after is required: tokens must expire here (--require-expiry)".into())
            }
            (Some(expires), Some(max)) if *expires > latest(mint.time, max) => {
                Err(if *expires > &claims.created + &max.into() {
                    format!("expires_after must be at most {max} seconds (--max-expires-after)")
                } else {
                    format!(
                        "the token must expire within {max} seconds of this process's clock \
                         (--max-expires-after); choose an earlier now or a smaller expires_after"
                    )
                })
            }
            _ if self.known_actions_only => check_names(mint, actions),
            _ => Ok(()),
        }
    }
}

/// Checks that restrictions name actions only. A release that was chosen after the start may know
/// fewer actions, or more.
fn check_names(mint: &Mint<'_>, actions: &Actions) -> Result<(), String> {
    let is_known = |name: &str| actions.contains(name) && mint.actions.contains(name);
    let RawRestrictions { all, database, resource } = mint.request.restrictions;
    for text in [all, database, resource].into_iter().flatten() {
        // The token was made from this text, so it can be read.
        let unknown = unknown_name(&mut Scanner::new(text), is_known)
            .map_err(|error| format!("the token is withheld: {error}"))?;
        if let Some(name) = unknown {
            return Err(unknown_action_error(&name, mint.actions));
        }
    }
    Ok(())
}

/// The last second in which a token may work: `max` seconds after the time on the clock.
fn latest(time: f64, max: u64) -> Integer {
    &unix_seconds(time.floor()) + &max.into()
}

/// The first name in nested lists and objects that isn't that of an action. As in Datasette's own
/// warning, an abbreviation isn't one.
///
/// # Errors
/// The text is no JSON, so not all of it was looked at.
fn unknown_name<'a>(
    scanner: &mut Scanner<'a>,
    is_known: impl Fn(&str) -> bool + Copy,
) -> Result<Option<Cow<'a, str>>, Error> {
    let is_list = match scanner.peek_kind()? {
        Kind::String => {
            let name = scanner.string()?.to_str()?;
            return Ok(Some(name).filter(|name| !is_known(name)));
        }
        Kind::Array => {
            scanner.begin_array()?;
            true
        }
        Kind::Object => {
            scanner.begin_object()?;
            false
        }
        _ => return scanner.raw_value().map(|_| None),
    };
    while if is_list { scanner.next_element()? } else { scanner.next_key()?.is_some() } {
        let unknown = unknown_name(scanner, is_known)?;
        if unknown.is_some() {
            return Ok(unknown);
        }
    }
    Ok(None)
}

/// The message about an unknown action. Shows enough of a long name to recognise it.
fn unknown_action_error(name: &str, actions: &Actions) -> String {
    let nearest = nearest(actions, name).and_then(|nearest| beginning(&nearest.into()));
    let hint = match nearest {
        Some(nearest) => format!("; did you mean {nearest}?"),
        None if actions.is_empty() => "; this Datasette knows no actions, see --actions".to_owned(),
        None => String::new(),
    };
    format!("unknown action {} (--known-actions-only){hint}", quoted(name))
}

/// The action that an abbreviation stands for, else the one whose name is most like `name`.
fn nearest<'a>(actions: &'a Actions, name: &str) -> Option<&'a str> {
    let names = actions.names().filter(|_| actions.len() <= MAX_COMPARED);
    actions.full_name(name).or_else(|| Some(most_alike(name, names)?.1))
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
    fn a_name_is_found_wherever_it_is() {
        let find = |text| unknown_name(&mut Scanner::new(text), |name| name == "x");
        for text in [
            r#""y""#,
            r#"["x","y","z"]"#,
            r#"{"y":["x"],"b":{"c":[],"d":{"e":["x","\u0079"]}}}"#,
            r#"[null,1,true,[],{},"y"]"#,
        ] {
            assert_eq!(find(text).unwrap().as_deref(), Some("y"), "{text}");
        }
        for text in ["null", "[]", r#"{"y":{"y":["x"]}}"#] {
            assert_eq!(find(text).unwrap(), None, "{text}");
        }
        // What was not looked at isn't known.
        for text in ["", "[", r#"["x" "y"]"#, r#"["\ud800","y"]"#] {
            assert!(find(text).is_err(), "{text}");
        }
    }

    #[test]
    fn long_names_are_cut_between_characters() {
        let error = unknown_action_error(&"é".repeat(41), &Actions::none());
        assert!(error.contains(&format!("\"{}…\"", "é".repeat(40))), "{error}");
    }
}
