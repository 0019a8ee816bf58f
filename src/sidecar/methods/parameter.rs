//! The description of a parameter; and the parameters, parts of JSON Schemas and values of examples
//! that several methods share.

/// A parameter of a method.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given. If not, an explicit null means the default.
    pub is_required: bool,
    /// The JSON Schema of its values.
    pub schema: &'static str,
    /// What it means, in a line.
    pub summary: &'static str,
}

/// A parameter that must be given.
pub(super) const fn required(
    name: &'static str,
    schema: &'static str,
    summary: &'static str,
) -> Parameter {
    Parameter { name, is_required: true, schema, summary }
}

/// A parameter that may be left out.
pub(super) const fn optional(
    name: &'static str,
    schema: &'static str,
    summary: &'static str,
) -> Parameter {
    Parameter { is_required: false, ..required(name, schema, summary) }
}

pub(super) const ANY: &str = "true";
pub(super) const STRING: &str = r#"{"type":"string"}"#;
pub(super) const OPTIONAL_STRING: &str = r#"{"type":["string","null"]}"#;
pub(super) const OPTIONAL_INTEGER: &str = r#"{"type":["integer","null"]}"#;
pub(super) const BOOLEAN: &str = r#"{"type":"boolean"}"#;
pub(super) const OBJECT: &str = r#"{"type":"object"}"#;
pub(super) const OPTIONAL_OBJECT: &str = r#"{"type":["object","null"]}"#;

/// The last parameter of every method that reads the clock.
pub(super) const NOW: Parameter =
    optional("now", r#"{"type":["number","null"]}"#, "Unix seconds, instead of the clock's");

/// A token to read.
pub(super) const TOKEN: Parameter = required("token", STRING, "The token, with its prefix");

/// The token that the example of `create_token` makes.
pub(super) const EXAMPLE_TOKEN: &str = concat!(
    r#""dstok_.eJyrVkpUslIqys8vUdJRKlGyMjQ3gAIdpRQlK2MzECO-SMmqGqQwWqksUym2thYAcrIN6g"#,
    r#".3Ej-Qm_enIP50cD4icGpb5S3Ny8""#,
);

/// The cookie that the example of `create_actor_cookie` makes.
pub(super) const EXAMPLE_COOKIE: &str =
    r#""eyJhIjp7ImlkIjoicm9vdCJ9LCJlIjoiQnJEQ2F1In0.ZVBuELjcBFH5kZxRlEhJM2qbSa8""#;

/// The namespace of a signed value.
pub(super) const NAMESPACE: Parameter = optional(
    "namespace",
    r#"{"type":["string","null"],"default":"default"}"#,
    "The namespace that the value is signed in",
);

/// A list of names of actions. `$type` is `array`, or with null.
macro_rules! action_names {
    ($type:literal) => {
        concat!(r#"{"type":"#, $type, r#","items":{"type":"string"}}"#)
    };
}

/// An object from names to values of a schema. `$type` is `object`, or with null.
macro_rules! by_name {
    ($type:literal, $values:expr) => {
        concat!(r#"{"type":"#, $type, r#","additionalProperties":"#, $values, "}")
    };
}

pub(super) use {action_names, by_name};
