//! Checkers that take any bytes. They have several drivers: `tests/corpus.rs` gives them what is
//! in `fuzz/corpus/`, `scripts/fuzz` what a coverage-guided fuzzer thinks of, other tests what
//! they generate.
#![allow(dead_code, reason = "each driver uses a part of it")]

pub mod deflate;
pub mod inflate;
mod json;
pub mod session;
pub mod token;
pub mod transcode;
