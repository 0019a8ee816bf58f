//! What the benchmarks have in common: the payloads of `scripts/measure/payloads.py`.

#![allow(dead_code, reason = "every benchmark compiles this module and uses a part of it")]
#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up ends")]

use dstok::datasette::{Datasette, Restrictions, TokenRequest};
use dstok::itsdangerous::Keyring;
use dstok::pyjson::parse_python_int;
use dstok::secret::Secret;

/// The time of day at which tokens are made and verified, in Unix seconds.
pub const NOW: f64 = 1_700_000_000.0;

/// The arguments of `create_token`, as JSON texts.
#[derive(Default)]
pub struct Payload {
    /// What criterion calls it.
    pub name: &'static str,
    actor_id: &'static str,
    expires_after: Option<&'static str>,
    all: Option<&'static str>,
    database: Option<&'static str>,
    resource: Option<String>,
}

impl Payload {
    /// The request that a token is made from.
    pub fn request(&self) -> TokenRequest<'_> {
        TokenRequest {
            actor_id: self.actor_id,
            expires_after: self.expires_after.and_then(parse_python_int),
            restrictions: Restrictions {
                all: self.all,
                database: self.database,
                resource: self.resource.as_deref(),
            },
        }
    }

    /// The params of the method `create_token`.
    pub fn params(&self) -> String {
        let members = [
            ("actor_id", Some(self.actor_id)),
            ("expires_after", self.expires_after),
            ("restrict_all", self.all),
            ("restrict_database", self.database),
            ("restrict_resource", self.resource.as_deref()),
        ];
        let given = members
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!(r#""{name}":{value}"#)));
        format!("{{{}}}", given.collect::<Vec<_>>().join(","))
    }

    /// Its token, and the JSON inside.
    pub fn token(&self) -> (String, String) {
        let mut datasette = datasette();
        let mut token = Vec::new();
        datasette.create_token(&self.request(), NOW, &mut token).expect("a token");
        let json = datasette.last_payload().to_vec();
        (String::from_utf8(token).expect("ASCII"), String::from_utf8(json).expect("JSON"))
    }
}

/// The three payloads that the targets of `scripts/bench` are for.
pub fn payloads() -> [Payload; 3] {
    let tables = object("table", 5, r#"["view-table","insert-row","update-row"]"#);
    [
        Payload { name: "actor only", actor_id: r#""root""#, ..Payload::default() },
        Payload {
            name: "documentation",
            actor_id: r#""user1""#,
            expires_after: Some("3600"),
            all: Some(r#"["view-instance","view-table"]"#),
            database: Some(r#"{"docs":["view-query"]}"#),
            resource: Some(r#"{"docs":{"attachments":["insert-row","update-row"]}}"#.to_owned()),
        },
        Payload {
            name: "20 databases",
            actor_id: r#""root""#,
            resource: Some(object("database", 20, &tables)),
            ..Payload::default()
        },
    ]
}

/// A JSON object of so many members with the same value.
fn object(name: &str, members: usize, value: &str) -> String {
    let members: Vec<_> = (0..members).map(|n| format!(r#""{name}_{n}":{value}"#)).collect();
    format!("{{{}}}", members.join(","))
}

/// A Datasette of the newest release with a secret.
pub fn datasette() -> Datasette {
    let mut datasette = Datasette::new();
    datasette.set_keyring(keyring());
    datasette
}

/// The one secret.
pub fn keyring() -> Keyring {
    Keyring::new(vec![Secret::new("a secret for measuring".to_owned()).expect("a secret")])
}
