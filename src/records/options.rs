//! How records become tokens.

use dstok::sidecar::methods::Defaults;

use super::layout::Format;

/// How records become tokens.
pub(crate) struct Options<'a> {
    /// For the parameters that a record leaves out.
    pub(crate) defaults: Defaults<'a>,
    /// The format of the output. By default that of the input.
    pub(crate) format: Option<Format>,
    /// Whether the first record that fails ends the run.
    pub(crate) fail_fast: bool,
    /// What the audit log says made the tokens.
    pub(crate) made_by: &'static str,
}
