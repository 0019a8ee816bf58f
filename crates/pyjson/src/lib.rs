//! Python's `json.loads` and `json.dumps`, byte for byte.
//!
//! [`transcode`] reads JSON without duplicate keys and lone surrogates, and writes what CPython's
//! `json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))` writes, in one pass,
//! without a tree. Under [`Rules::Python`], [`Scanner::transcode`] reads all that `json.loads` reads.
//! An example:
//!
//! ```
//! let mut out = Vec::new();
//! pyjson::transcode(r#"{ "caf\u00e9": [1E2, -0, 1.0] }"#, &mut out)?;
//! assert_eq!(out, r#"{"café":[100.0,0,1.0]}"#.as_bytes());
//! # Ok::<(), pyjson::Error>(())
//! ```
//!
//! [`loads`] reads a [`Value`] where a program has to look into it, and [`Scanner`] reads a text
//! step by step and borrows from it.
//!
//! # Two sets of rules
//!
//! [`Rules::Json`] is RFC 8259 without what is ambiguous or has no UTF-8: duplicate keys, lone
//! surrogates, numbers that overflow. [`Rules::Python`] is what `json.loads` accepts: `NaN`,
//! `Infinity`, the last of several equal keys, and half of a surrogate pair. Both stop at
//! [`MAX_DEPTH`] open containers and at [`MAX_INTEGER_DIGITS`] digits.
//!
//! # The oracle
//!
//! CPython 3.11's `json` is the reference. The digits of floats come from `ryu`, which agrees
//! with CPython's `dtoa` in every tie; Rust's own formatting doesn't.

#![forbid(unsafe_code)]

mod error;
mod integer;
mod keys;
mod members;
mod number;
mod raw;
mod scan;
#[cfg(feature = "serde")]
mod serialize;
mod skip;
mod string;
mod transcode;
mod value;
mod visit;

pub use error::{Error, ErrorKind};
pub use integer::{Integer, MAX_INTEGER_DIGITS};
pub use keys::Keys;
pub use number::{Number, write_float};
pub use raw::{RawString, RawValue};
pub use scan::{Kind, Rules, Scanner};
pub use skip::Place;
pub use string::{Str, write_string};
pub use transcode::transcode;
pub use value::{NotJson, Value, loads, loads_strict, write_indented};
pub use visit::{each_element, each_member, members};

/// How many containers may be open at once.
///
/// Real tokens need five. The limit keeps recursion off the end of the stack.
pub const MAX_DEPTH: usize = 512;

/// Runs the examples of the README.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct ReadmeDoctests;
