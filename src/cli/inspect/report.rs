//! The human-readable report of `dstok inspect`.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};
use datasette_tokens::{
    Allowlist, Error, Inspection, Names, Restricted, Signature, Status, Str, TokenInvalid, Value,
};

use super::times::{relative, utc};

/// Columns before a value.
const LABEL_WIDTH: usize = 12;

/// The whole report, with colours, ending in a newline. `now` is in Unix seconds.
pub(super) fn report(inspection: &Inspection, now: f64) -> String {
    let mut report = Report::default();
    report.line("Token", &status(inspection, now));
    if let Some(reason) = &inspection.reason {
        report.line("Problem", &reason.to_string());
    }
    report.line("Signature", &signature(inspection.signature));
    if let Some(actor_id) = &inspection.actor_id {
        report.line("Actor", &actor(actor_id));
    }
    if let Some(created) = &inspection.created {
        report.line("Created", &format!("{}, {}", utc(created), relative(created, now)));
    }
    match &inspection.expires {
        Some(expires) => {
            report.line("Expires", &format!("{}, {}", utc(expires), relative(expires, now)));
        }
        None if inspection.created.is_some() => report.line("Expires", "never"),
        None => {}
    }
    if let Some(payload) = &inspection.payload {
        report.restrictions(inspection);
        let compressed = if inspection.compressed { " (compressed)" } else { "" };
        report.line("Payload", &format!("{}{compressed}", json(payload)));
    }
    if let Some(advice) = advice(inspection) {
        report.line("What to do", advice);
    }
    report.text
}

fn status(inspection: &Inspection, now: f64) -> String {
    let (colour, mut text) = match inspection.status {
        Status::Valid => (AnsiColor::Green, "valid".to_owned()),
        Status::Expired => (AnsiColor::Red, "expired".to_owned()),
        Status::Invalid => (AnsiColor::Red, "invalid".to_owned()),
        Status::Unchecked => (AnsiColor::Yellow, "not checked".to_owned()),
    };
    if let (Status::Expired, Some(expires)) = (inspection.status, &inspection.expires) {
        text += &format!(" {}", relative(expires, now));
    }
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

fn signature(signature: Signature) -> String {
    match signature {
        Signature::Valid(0) => "valid, signed with the newest secret given".to_owned(),
        Signature::Valid(secret) => {
            format!("valid, signed with an old secret (number {secret}; 0 is the newest)")
        }
        Signature::Invalid => {
            "invalid: the token was signed with another secret, changed or cut short".to_owned()
        }
        Signature::Unchecked => "not checked: no secret was given".to_owned(),
    }
}

/// A string without its quotes, anything else as JSON.
fn actor(id: &Value<'_>) -> String {
    match id {
        Value::Str(id) => name(id),
        id => format!("{} (not a string)", json(id)),
    }
}

/// What the user can do about it.
fn advice(inspection: &Inspection) -> Option<&'static str> {
    Some(match (&inspection.reason, inspection.signature) {
        (Some(Error::TokenInvalid(reason)), _) => match reason {
            TokenInvalid::NoPrefix => "copy the whole token; it begins with dstok_",
            TokenInvalid::Disabled => {
                "turn on the setting allow_signed_tokens, in Datasette and here"
            }
            TokenInvalid::Signature => {
                "copy it again; if another secret signed it, pass that with --secret-file or \
                 --old-secret-file"
            }
            TokenInvalid::Expired => {
                "create a new token with dstok create-token, or at /-/create-token in Datasette"
            }
            _ => "create a new token; Datasette did not make this one",
        },
        (Some(_), _) => "create a new token; Datasette did not make this one, or it was cut short",
        (None, Signature::Valid(1..)) => "replace it before the old secret is removed",
        (None, Signature::Unchecked) => {
            "to check the signature, pass --secret-file FILE or set DATASETTE_SECRET"
        }
        (None, _) => return None,
    })
}

#[derive(Default)]
struct Report {
    text: String,
}

impl Report {
    fn line(&mut self, label: &str, value: &str) {
        let bold = Style::new().bold();
        // Writing to a String cannot fail.
        let _ = writeln!(self.text, "{bold}{label:<LABEL_WIDTH$}{bold:#}{value}");
    }

    fn restrictions(&mut self, inspection: &Inspection) {
        match &inspection.restrictions {
            Restricted::To(restrictions) => self.table(restrictions),
            Restricted::Malformed => self.line("May do", "unknown: its restrictions are malformed"),
            Restricted::No if inspection.status == Status::Invalid => {}
            Restricted::No => self.line("May do", "whatever its actor may do"),
        }
        if !inspection.unknown_actions.is_empty() {
            let names = list(&inspection.unknown_actions);
            self.line(
                "Unknown",
                &format!("{names} (not an action of this Datasette; see --actions)"),
            );
        }
    }

    fn table(&mut self, restrictions: &Allowlist<'_>) {
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
        if rows.is_empty() {
            return self.line("May do", "nothing: its restrictions are empty");
        }
        let width = rows.iter().map(|(place, _)| place.chars().count()).max().unwrap_or(0);
        for (index, (place, actions)) in rows.iter().enumerate() {
            let label = if index == 0 { "May only do" } else { "" };
            self.line(label, &format!("{place:<width$}  {actions}"));
        }
    }
}

fn allowed(names: &Names<'_>) -> String {
    list(names.as_deref().unwrap_or_default())
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
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        let is_format = matches!(c,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
        if c.is_control() || is_format {
            printable.extend(c.escape_default());
        } else {
            printable.push(c);
        }
    }
    printable
}
