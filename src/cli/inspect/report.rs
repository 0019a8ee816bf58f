//! The human-readable report of `dstok inspect`.

use std::iter;

use anstyle::{AnsiColor, Style};
use datasette_tokens::{
    Error, Inspection, Restricted, Signature, Status, Str, TokenInvalid, Value,
};
use dstok::names::is_deceptive;

use super::{times::relative, times::utc};
use crate::cli::stdio::escape;

/// Columns before a value.
const LABEL_WIDTH: usize = 12;

/// A label and what it says.
type Line = (&'static str, String);

/// The whole report, with colours, ending in a newline. `now` is in Unix seconds.
/// `can_sign` says whether there is a current secret.
pub(super) fn report(inspection: &Inspection, now: f64, can_sign: bool) -> String {
    let time = |seconds: &_| format!("{}, {}", utc(seconds), relative(seconds, now));
    let mut lines = vec![("Token", status(inspection, now))];
    lines.extend(inspection.reason.as_ref().map(|reason| ("Problem", reason.to_string())));
    let old_secret = old_secret(inspection, can_sign);
    lines.push(("Signature", signature(inspection, old_secret)));
    lines.extend(inspection.actor_id.as_ref().map(|id| ("Actor", actor(id))));
    lines.extend(inspection.created.as_ref().map(|created| ("Created", time(created))));
    match &inspection.expires {
        Some(expires) => lines.push(("Expires", time(expires))),
        None if inspection.created.is_some() => lines.push(("Expires", "never".to_owned())),
        None => {}
    }
    if let Some(payload) = &inspection.payload {
        lines.extend(restrictions(inspection));
        let compressed = if inspection.compressed { " (compressed)" } else { "" };
        lines.push(("Payload", format!("{}{compressed}", json(payload))));
    }
    lines.extend(advice(inspection, old_secret).map(|advice| ("What to do", advice.to_owned())));
    let bold = Style::new().bold();
    let line = |(label, text)| format!("{bold}{label:<LABEL_WIDTH$}{bold:#}{text}\n");
    lines.into_iter().map(line).collect()
}

fn status(inspection: &Inspection, now: f64) -> String {
    let (colour, text) = match (inspection.status, &inspection.expires) {
        (Status::Valid, _) => (AnsiColor::Green, "valid".to_owned()),
        (Status::Expired, Some(end)) => (AnsiColor::Red, format!("expired {}", relative(end, now))),
        (Status::Expired, None) => (AnsiColor::Red, "expired".to_owned()),
        (Status::Invalid, _) => (AnsiColor::Red, "invalid".to_owned()),
        (Status::Unchecked, _) => (AnsiColor::Yellow, "not checked".to_owned()),
    };
    let style = colour.on_default().bold();
    format!("{style}{text}{style:#}")
}

/// Which old secret made the signature, if one did. 1 is the newest.
fn old_secret(inspection: &Inspection, can_sign: bool) -> Option<usize> {
    let Signature::Valid(secret) = inspection.signature else { return None };
    Some(secret + usize::from(!can_sign)).filter(|number| *number > 0)
}

fn signature(inspection: &Inspection, old_secret: Option<usize>) -> String {
    match (inspection.signature, old_secret) {
        (Signature::Valid(_), Some(number)) => format!("valid, signed with old secret {number}"),
        (Signature::Valid(_), None) => "valid, signed with the current secret".to_owned(),
        (Signature::Invalid, _) if has_wrong_length(inspection) => {
            "invalid: no secret makes a signature of this length".to_owned()
        }
        (Signature::Invalid, _) => {
            "invalid: another secret signed the token, or the token was changed".to_owned()
        }
        (Signature::Unchecked, _) => "not checked: no secret was given".to_owned(),
    }
}

fn has_wrong_length(inspection: &Inspection) -> bool {
    let reason = &inspection.reason;
    matches!(reason, Some(Error::TokenInvalid(TokenInvalid::SignatureLength(_))))
}

/// A string without its quotes, anything else as JSON.
fn actor(id: &Value<'_>) -> String {
    match id {
        Value::Str(id) => name(id),
        id => format!("{} (not a string)", json(id)),
    }
}

/// What the user can do about it.
fn advice(inspection: &Inspection, old_secret: Option<usize>) -> Option<&'static str> {
    Some(match (&inspection.reason, inspection.signature) {
        (Some(Error::TokenInvalid(reason)), _) => match reason {
            TokenInvalid::NoPrefix => "copy the whole token; it begins with dstok_",
            TokenInvalid::Disabled => {
                "turn on the setting allow_signed_tokens, in Datasette and here"
            }
            TokenInvalid::Signature => {
                "copy the token again; if another secret signed it, pass that secret with \
                 --secret-file or --old-secret-file"
            }
            TokenInvalid::SignatureLength(_) => "copy the token again, from dstok_ to its end",
            TokenInvalid::Expired => {
                "create a new token with dstok create-token, or at /-/create-token in Datasette"
            }
            _ => "create a new token; Datasette did not make this one",
        },
        (Some(_), _) => "create a new token; Datasette did not make this one, or it was cut short",
        (None, _) if old_secret.is_some() => "replace the token before the old secret is removed",
        (None, Signature::Unchecked) => {
            "to verify the signature, pass --secret-file FILE or set DATASETTE_SECRET"
        }
        (None, _) => return None,
    })
}

/// What the token may do, and which of its actions are unknown.
fn restrictions(inspection: &Inspection) -> Vec<Line> {
    let one = |text: &str| vec![("May do", text.to_owned())];
    let mut lines = match &inspection.restrictions {
        Restricted::To(restrictions) => table(restrictions),
        Restricted::Malformed => one("unknown: its restrictions are malformed"),
        Restricted::No if inspection.status == Status::Invalid => Vec::new(),
        Restricted::No => one("whatever its actor may do"),
    };
    if !inspection.unknown_actions.is_empty() {
        let names = list(&inspection.unknown_actions);
        let text = format!("{names} (not an action of this Datasette; see --actions)");
        lines.push(("Unknown", text));
    }
    lines
}

/// A line for each place where the token may do something.
fn table(restrictions: &datasette_tokens::Allowlist<'_>) -> Vec<Line> {
    let allowed = |names: &Option<Vec<_>>| list(names.as_deref().unwrap_or_default());
    let mut rows = vec![("everywhere".to_owned(), allowed(&restrictions.all))];
    for (database, actions) in &restrictions.database {
        rows.push((name(database), allowed(actions)));
    }
    for (database, children) in &restrictions.resource {
        for (child, actions) in children {
            rows.push((format!("{}/{}", name(database), name(child)), allowed(actions)));
        }
    }
    rows.retain(|(_, actions)| !actions.is_empty());
    let Some(width) = rows.iter().map(|(place, _)| place.chars().count()).max() else {
        return vec![("May do", "nothing: its restrictions are empty".to_owned())];
    };
    let labels = iter::once("May only do").chain(iter::repeat(""));
    let texts = rows.iter().map(|(place, actions)| format!("{place:<width$}  {actions}"));
    labels.zip(texts).collect()
}

fn list(names: &[Str<'_>]) -> String {
    names.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn name(name: &Str<'_>) -> String {
    printable(&name.to_string_lossy())
}

/// A value that JSON can carry, which all values in an inspection are.
fn json(value: &Value<'_>) -> String {
    printable(&value.to_json().unwrap_or_default())
}

/// Escapes characters that a terminal would obey, since a token may come from anywhere: control
/// characters, characters that change the direction of text, and invisible ones.
fn printable(text: &str) -> String {
    escape(text, is_deceptive)
}
