//! The description of a parameter.

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

impl Parameter {
    pub(super) const fn required(
        name: &'static str,
        schema: &'static str,
        summary: &'static str,
    ) -> Self {
        Self { name, is_required: true, schema, summary }
    }

    pub(super) const fn optional(
        name: &'static str,
        schema: &'static str,
        summary: &'static str,
    ) -> Self {
        Self { name, is_required: false, schema, summary }
    }
}
