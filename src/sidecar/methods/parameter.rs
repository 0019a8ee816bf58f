//! The description of a parameter, and the parameters that several methods share.

/// A parameter of a method.
#[derive(Debug)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// Whether it must be given. If not, an explicit null means the default.
    pub is_required: bool,
    /// The name of the schema of its values in `schemas.json`.
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

/// The last parameter of every method that reads the clock.
pub(super) const NOW: Parameter = optional("now", "Now", "Unix seconds, instead of the clock's");

/// A token to read.
pub(super) const TOKEN: Parameter = required("token", "GivenToken", "The token, with its prefix");

/// The namespace of a signed value.
pub(super) const NAMESPACE: Parameter =
    optional("namespace", "Namespace", "The namespace that the value is signed in");
