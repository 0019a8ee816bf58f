//! What the benchmarks share: payloads like those of `scripts/measure/payloads.py`.

#![allow(clippy::expect_used, reason = "a benchmark that cannot be set up ends")]

use datasette_tokens::{Datasette, RawRestrictions, RawTokenRequest, Secret, Workspace};

/// The time at which tokens are made and verified, in Unix seconds.
pub const NOW: f64 = 1_700_000_000.0;

/// The arguments of `create_token`, as JSON texts.
#[derive(Default)]
pub struct Payload {
    /// What criterion calls it.
    pub name: &'static str,
    actor_id: &'static str,
    expires_after: Option<i64>,
    all: Option<&'static str>,
    database: Option<&'static str>,
    resource: Option<String>,
}

impl Payload {
    /// The request that a token is made from.
    pub fn request(&self) -> RawTokenRequest<'_> {
        let mut request = RawTokenRequest::new(self.actor_id);
        request.expires_after = self.expires_after.map(Into::into);
        request.restrictions = RawRestrictions {
            all: self.all,
            database: self.database,
            resource: self.resource.as_deref(),
        };
        request
    }

    /// The params of the method `create_token`.
    pub fn params(&self) -> String {
        let expires_after = self.expires_after.map(|seconds| seconds.to_string());
        let members = [
            ("actor_id", Some(self.actor_id)),
            ("expires_after", expires_after.as_deref()),
            ("restrict_all", self.all),
            ("restrict_database", self.database),
            ("restrict_resource", self.resource.as_deref()),
        ];
        let given = members
            .iter()
            .filter_map(|(name, value)| value.map(|value| format!(r#""{name}":{value}"#)));
        format!("{{{}}}", given.collect::<Vec<_>>().join(","))
    }

    /// Its token.
    pub fn token(&self) -> String {
        let (mut workspace, mut token) = (Workspace::new(), Vec::new());
        datasette()
            .create_token_into(&self.request(), NOW, &mut workspace, &mut token)
            .expect("a token");
        String::from_utf8(token).expect("ASCII")
    }
}

/// The payloads that `scripts/bench` measures.
pub fn payloads() -> [Payload; 5] {
    let tables = object("table", 5, |_| TABLE_ACTIONS.to_owned());
    let resource =
        |text| Payload { actor_id: r#""root""#, resource: Some(text), ..Payload::default() };
    [
        Payload { name: "actor only", actor_id: r#""root""#, ..Payload::default() },
        Payload {
            name: "documentation",
            actor_id: r#""user1""#,
            expires_after: Some(3600),
            all: Some(r#"["view-instance","view-table"]"#),
            database: Some(r#"{"docs":["view-query"]}"#),
            resource: Some(r#"{"docs":{"attachments":["insert-row","update-row"]}}"#.to_owned()),
        },
        Payload {
            name: "20 equal databases",
            ..resource(object("database", 20, |_| tables.clone()))
        },
        Payload {
            name: "50 tables with equal actions",
            ..resource(format!(
                r#"{{"content":{}}}"#,
                object("table", 50, |_| TABLE_ACTIONS.to_owned())
            ))
        },
        Payload { name: "20 different databases", ..resource(different_databases()) },
    ]
}

const TABLE_ACTIONS: &str = r#"["view-table","insert-row","update-row"]"#;

/// The built-in actions of Datasette that a token for tables may name, and some of plugins.
const ACTIONS: [&str; 11] = [
    "view-table",
    "insert-row",
    "update-row",
    "delete-row",
    "alter-table",
    "drop-table",
    "create-view",
    "set-column-type",
    "acl-share",
    "csv-import",
    "edit-schema",
];

/// 20 databases of 5 tables with 3 actions, whose names and lists all differ.
fn different_databases() -> String {
    const SYLLABLES: [&str; 7] = ["re", "port", "la", "bour", "mu", "sic", "tax"];
    // The steps have no common factor with 7 and 11, so no name and no list occurs twice.
    let name = |n: usize| format!("{}{}{n}", SYLLABLES[n % 7], SYLLABLES[(n * 3 + n / 7) % 7]);
    let actions = |n: usize| {
        let action = |step: usize| ACTIONS[(n * step + n / 11) % 11];
        format!(r#"["{}","{}","{}"]"#, action(1), action(2), action(5))
    };
    let tables = |database: usize| {
        let table = |n: usize| format!(r#""{}":{}"#, name(n), actions(n));
        let tables: Vec<_> = (5 * database..5 * database + 5).map(table).collect();
        format!("{{{}}}", tables.join(","))
    };
    object("d", 20, tables)
}

/// A JSON object with this many members.
fn object(name: &str, members: usize, value: impl Fn(usize) -> String) -> String {
    let members: Vec<_> = (0..members).map(|n| format!(r#""{name}_{n}":{}"#, value(n))).collect();
    format!("{{{}}}", members.join(","))
}

/// A Datasette of the newest release with a secret.
pub fn datasette() -> Datasette {
    let secret = Secret::new("a secret for measuring".to_owned()).expect("a secret");
    Datasette::builder().secret(secret).build()
}
