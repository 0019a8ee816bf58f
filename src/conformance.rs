//! Replays `compat-fixtures/`, real Datasette's answers, against a program that speaks the
//! protocol.

mod answer;
mod difference;
mod fixtures;
mod program;
mod replay;
mod report;
mod results;
mod script;
mod signed_value;

pub(crate) use fixtures::{Group, extract, load};
pub(crate) use replay::{Options, replay};
pub(crate) use report::{junit, report};
pub(crate) use script::{Script, is_chosen, scripts};
