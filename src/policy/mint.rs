//! A token between its making and its release.

use datasette_tokens::{Actions, RawTokenRequest};

/// A token that was made and that nobody has seen yet.
#[derive(Clone, Copy, Debug)]
pub struct Mint<'a> {
    /// The token.
    pub token: &'a [u8],
    /// The JSON that it carries.
    pub payload: &'a [u8],
    /// What was asked for.
    pub request: &'a RawTokenRequest<'a>,
    /// The table that abbreviated the actions.
    pub actions: &'a Actions,
    /// The method of the protocol or the subcommand that mints it.
    pub made_by: &'a str,
    /// The time on the process's clock, in Unix seconds. No request can choose it.
    pub time: f64,
}
