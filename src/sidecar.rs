//! The sidecar, `dstok serve`: JSON-RPC 2.0 over stdin and stdout.
//!
//! [`serve`] reads lines and writes answers in their order. [`protocol`] knows what a request and
//! an answer look like. [`methods`] do the work.

pub mod methods;
pub mod protocol;
pub mod serve;
