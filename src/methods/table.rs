//! All methods, once: dispatch, `info` and `rpc.discover` read this table.

use super::{Args, Failure, Session, verify};

/// A method of the protocol.
pub struct Method {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// Its parameters, in positional order.
    pub params: &'static [Param],
    /// What it answers: a name and a JSON Schema.
    pub result: (&'static str, &'static str),
    pub(super) run: fn(&mut Session, &Args<'_>, &mut Vec<u8>) -> Result<(), Failure>,
}

/// A parameter of a method.
pub struct Param {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given; otherwise an explicit null means its default.
    pub required: bool,
    /// A JSON Schema of its values.
    pub schema: &'static str,
    /// What it means, in a line.
    pub summary: &'static str,
}

const fn required(name: &'static str, schema: &'static str, summary: &'static str) -> Param {
    Param { name, required: true, schema, summary }
}

const fn optional(name: &'static str, schema: &'static str, summary: &'static str) -> Param {
    Param { name, required: false, schema, summary }
}

const ANY: &str = "true";
const STRING: &str = r#"{"type":"string"}"#;
const INTEGER: &str = r#"{"type":["integer","null"]}"#;
const NUMBER: &str = r#"{"type":["number","null"]}"#;
const INFO: (&str, &str) = ("info", r#"{"type":"object"}"#);
const ACTION_NAMES: &str = r#"{"type":["array","null"],"items":{"type":"string"}}"#;
const BY_DATABASE: &str = r#"{"type":["object","null"],"additionalProperties":{"type":"array","items":{"type":"string"}}}"#;
const BY_RESOURCE: &str = r#"{"type":["object","null"],"additionalProperties":{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}}"#;
const RESTRICTIONS: &str = r#"{"type":["object","null"],"properties":{"all":{"type":["array","null"],"items":{"type":"string"}},"database":{"type":["object","null"],"additionalProperties":{"type":"array","items":{"type":"string"}}},"resource":{"type":["object","null"],"additionalProperties":{"type":"object","additionalProperties":{"type":"array","items":{"type":"string"}}}}},"additionalProperties":false}"#;

const ACTOR_OR_NULL: &str = r#"{"type":["object","null"]}"#;
const ALLOWLIST: &str = r#"{"type":"object","properties":{"a":{"type":["array","null"],"items":{"type":"string"}},"d":{"type":"object","additionalProperties":{"type":["array","null"],"items":{"type":"string"}}},"r":{"type":"object","additionalProperties":{"type":"object","additionalProperties":{"type":["array","null"],"items":{"type":"string"}}}}}}"#;
const INSPECTION: &str = r#"{"type":"object","properties":{"payload":true,"compressed":{"type":"boolean"},"signature":{"enum":["valid","invalid","unchecked"]},"secret":{"type":["integer","null"]},"status":{"enum":["valid","expired","invalid","unchecked"]},"reason":{"type":["string","null"]},"actor_id":true,"created":{"type":["integer","null"]},"expires":{"type":["integer","null"]},"restrictions":{"type":["object","null"]},"unknown_actions":{"type":"array","items":{"type":"string"}}}}"#;
const NAMESPACE: Param =
    optional("namespace", r#"{"type":["string","null"],"default":"default"}"#, "What it is for");

const NOW: Param = optional("now", NUMBER, "Unix seconds, instead of the clock");

/// The one method that changes the session.
pub(super) const CONFIGURE: &str = "configure";

/// The methods, in the order of the documentation.
pub const METHODS: &[Method] = &[
    Method {
        name: "create_token",
        summary: "A signed API token, as datasette.create_token() makes it",
        params: &[
            required("actor_id", ANY, "Whose token it is; any JSON value, in Datasette a string"),
            optional("expires_after", INTEGER, "Seconds of validity; 0 or null: no end"),
            optional("restrict_all", ACTION_NAMES, "Actions allowed everywhere"),
            optional("restrict_database", BY_DATABASE, "Actions allowed by database"),
            optional("restrict_resource", BY_RESOURCE, "Actions allowed by database and resource"),
            optional("restrictions", RESTRICTIONS, "The same three in one object"),
            NOW,
        ],
        result: ("token", r#"{"type":"string","pattern":"^dstok_"}"#),
        run: super::create_token::run,
    },
    Method {
        name: "verify_token",
        summary: "The actor whose API token it is, or null where Datasette returns None",
        params: &[required("token", STRING, "The token, with its prefix"), NOW],
        result: ("actor", ACTOR_OR_NULL),
        run: verify::verify_token,
    },
    Method {
        name: "inspect_token",
        summary: "What a token says and what is wrong with it; needs no secret",
        params: &[required("token", STRING, "The token, with its prefix"), NOW],
        result: ("inspection", INSPECTION),
        run: verify::inspect_token,
    },
    Method {
        name: "sign",
        summary: "A signed value, as datasette.sign() makes it",
        params: &[required("value", ANY, "What is to be signed"), NAMESPACE],
        result: ("signed", STRING),
        run: super::sign,
    },
    Method {
        name: "unsign",
        summary: "The value that was signed, as datasette.unsign() returns it",
        params: &[required("signed", STRING, "What sign() made"), NAMESPACE],
        result: ("value", ANY),
        run: verify::unsign,
    },
    Method {
        name: "create_actor_cookie",
        summary: "The value of a ds_actor cookie, as datasette.set_actor_cookie() sets it",
        params: &[
            required("actor", ANY, "The actor; in Datasette an object"),
            optional("expire_after", INTEGER, "Seconds of validity; 0 or null: no end"),
            NOW,
        ],
        result: ("cookie", STRING),
        run: super::create_actor_cookie,
    },
    Method {
        name: "verify_actor_cookie",
        summary: "The actor of a ds_actor cookie, or null for an anonymous visitor",
        params: &[required("cookie", STRING, "The value of the cookie"), NOW],
        result: ("actor", ANY),
        run: verify::verify_actor_cookie,
    },
    Method {
        name: "restrictions_allow_action",
        summary: "Whether the restrictions of a token allow an action",
        params: &[
            required("restrictions", ALLOWLIST, "The _r of an actor"),
            required("action", STRING, "The name of the action"),
            optional(
                "resource",
                r#"{"oneOf":[{"type":["string","null"]},{"type":"array","items":{"type":"string"},"minItems":2,"maxItems":2}]}"#,
                "A database, or [database, child]; null: the instance",
            ),
        ],
        result: ("allowed", r#"{"type":"boolean"}"#),
        run: verify::restrictions_allow_action,
    },
    Method {
        name: CONFIGURE,
        summary: "Changes what is given, from the next request on, and answers the new info",
        params: &[
            optional(
                "secret",
                r#"{"oneOf":[{"type":"string","minLength":1},{"type":"array","minItems":1,"items":{"type":"string","minLength":1}},{"type":"null"}]}"#,
                "The secret, or all secrets from the oldest to the newest, which signs",
            ),
            optional(
                "datasette_version",
                r#"{"type":["string","null"]}"#,
                "The release to reproduce",
            ),
            optional(
                "actions",
                r#"{"oneOf":[{"type":["object","array","null"]},{"const":"none"}]}"#,
                "Abbreviations: a /-/actions.json body, {\"name\":\"abbr\"} or \"none\"",
            ),
            optional(
                "settings",
                r#"{"type":["object","null"],"properties":{"allow_signed_tokens":{"enum":[true,false,1,0,"1","0","on","off","true","false"]},"max_signed_tokens_ttl":{"oneOf":[{"type":"integer","minimum":0},{"type":"string","pattern":"^[0-9]+$"}]}},"additionalProperties":false}"#,
                "allow_signed_tokens, max_signed_tokens_ttl (seconds, 0: no limit)",
            ),
            optional(
                "zlib",
                r#"{"enum":["zlib","zlib-ng",null]}"#,
                "Whose bytes compressed payloads carry",
            ),
            optional(
                "itsdangerous",
                r#"{"enum":["2.2","1.1",null]}"#,
                "Which release's signatures are accepted",
            ),
        ],
        result: INFO,
        run: super::configure,
    },
    Method {
        name: "info",
        summary: "What this process is and how it is configured",
        params: &[],
        result: INFO,
        run: super::info,
    },
    Method {
        name: "ping",
        summary: "Answers \"pong\"",
        params: &[],
        result: ("pong", r#"{"const":"pong"}"#),
        run: super::ping,
    },
    Method {
        name: "rpc.discover",
        summary: "This document: the methods in OpenRPC",
        params: &[],
        result: ("OpenRPC Schema", r#"{"type":"object"}"#),
        run: super::rpc_discover,
    },
];
