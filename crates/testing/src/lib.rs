//! Checkers that accept any bytes, and generators of inputs, for the tests of dstok.
//!
//! A checker has several drivers: `tests/corpus.rs` replays `fuzz/corpus/`, `scripts/fuzz` runs a
//! coverage-guided fuzzer, and other tests generate inputs. A checker panics where a rule is broken.

#![allow(missing_docs, reason = "never published")]
#![allow(clippy::unwrap_used, reason = "a checker that can't continue fails the test")]

#[cfg(feature = "zlib")]
pub mod deflate;
pub mod generators;
#[cfg(feature = "zlib")]
pub mod inflate;
#[cfg(feature = "json")]
mod json;
#[cfg(feature = "session")]
pub mod session;
#[cfg(feature = "tokens")]
pub mod token;
#[cfg(feature = "json")]
pub mod transcode;
