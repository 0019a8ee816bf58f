//! What `dstok inspect` prints for people.

use std::fmt::Write;

use anstyle::{AnsiColor, Style};

use super::times::{relative, utc};
use dstok::datasette::{
    Allowlist, Error, Inspection, Name, Names, Restricted, Signature, Status, TokenInvalid,
};

/// Columns before a value.
const LABEL_WIDTH: usize = 12;

/// The whole report, coloured, ending in a newline. `now` is in Unix seconds.
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
    if inspection.payload.is_some() {
        report.restrictions(inspection);
    }
    report.payload(inspection);
    if let Some(advice) = advice(inspection) {
        report.line("What to do", advice);
    }
    report.text
}

fn status(inspection: &Inspection, now: f64) -> String {
    let (colour, text) = match (inspection.status, &inspection.expires) {
        (Status::Valid, _) => (AnsiColor::Green, "valid".to_owned()),
        (Status::Expired, Some(expires)) => {
            (AnsiColor::Red, format!("expired {}", relative(expires, now)))
        }
        (Status::Expired, None) => (AnsiColor::Red, "expired".to_owned()),
        (Status::Invalid, _) => (AnsiColor::Red, "invalid".to_owned()),
        (Status::Unchecked, _) => (AnsiColor::Yellow, "not checked".to_owned()),
    };
    let style = Style::new().bold().fg_color(Some(colour.into()));
    format!("{style}{text}{style:#}")
}

fn signature(signature: Signature) -> String {
    match signature {
        Signature::Valid(0) => "valid, by the newest secret given".to_owned(),
        Signature::Valid(secret) => {
            format!("valid, by an old secret (number {secret}, the newest being 0)")
        }
        Signature::Invalid => {
            "invalid: made with another secret, or the token was changed or cut".to_owned()
        }
        Signature::Unchecked => "not checked, for want of a secret".to_owned(),
    }
}

/// A string without its quotes, anything else as JSON.
fn actor(json: &[u8]) -> String {
    match serde_json::from_slice(json) {
        Ok(serde_json::Value::String(text)) => printable(&text),
        _ => format!("{} (not a string)", printable(&String::from_utf8_lossy(json))),
    }
}

/// What the person can do about it.
fn advice(inspection: &Inspection) -> Option<&'static str> {
    Some(match (&inspection.reason, inspection.signature) {
        (Some(Error::TokenInvalid(reason)), _) => match reason {
            TokenInvalid::NoPrefix => "copy the whole token; it begins with dstok_",
            TokenInvalid::Disabled => {
                "turn the setting allow_signed_tokens on, in Datasette and here"
            }
            TokenInvalid::Signature => {
                "copy it again; if it was signed with another secret, give that with \
                 --secret-file or --old-secret-file"
            }
            TokenInvalid::Expired => {
                "make a new one: dstok create-token, or /-/create-token of your Datasette"
            }
            _ => "make a new one: this was not made by Datasette",
        },
        (Some(_), _) => "make a new one: this was not made by Datasette, or was cut in copying",
        (None, Signature::Valid(1..)) => {
            "replace it by a new one before the old secret is taken away"
        }
        (None, Signature::Unchecked) => {
            "give the secret to check the signature: --secret-file FILE or DATASETTE_SECRET"
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
            Restricted::Malformed => {
                self.line("May do", "cannot be told: its restrictions, _r, are malformed");
            }
            Restricted::No if inspection.status == Status::Invalid => {}
            Restricted::No => self.line("May do", "whatever its actor may do"),
        }
        if !inspection.unknown_actions.is_empty() {
            let names = list(&inspection.unknown_actions);
            self.line("Unknown", &format!("{names} (no action of this Datasette: see --actions)"));
        }
    }

    fn table(&mut self, restrictions: &Allowlist<'_>) {
        let mut rows = Vec::new();
        rows.push(("everywhere".to_owned(), allowed(&restrictions.all)));
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

    fn payload(&mut self, inspection: &Inspection) {
        let Some(payload) = &inspection.payload else { return };
        let compressed = if inspection.compressed { " (compressed)" } else { "" };
        let payload = printable(&String::from_utf8_lossy(payload));
        self.line("Payload", &format!("{payload}{compressed}"));
    }
}

fn allowed(names: &Names<'_>) -> String {
    list(names.as_deref().unwrap_or_default())
}

fn list(names: &[Name<'_>]) -> String {
    names.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn name(name: &Name<'_>) -> String {
    printable(&String::from_utf8_lossy(name))
}

/// The text with control characters escaped: a token comes from anywhere, and the terminal would
/// obey them.
fn printable(text: &str) -> String {
    let mut printable = String::with_capacity(text.len());
    for c in text.chars() {
        // Characters that turn the direction of text or cannot be seen, too.
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
