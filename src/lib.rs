//! The library part of the program `dstok`.
//!
//! **This library is internal.** It exists so that tests, benchmarks and fuzz targets can call what
//! the program is made of. It makes no promise about its API, and any release may change it. To
//! sign and verify in a program of your own, use the crate `datasette-tokens`.
//!
//! [`sidecar`] answers requests with the help of [`parallel`], which keeps answers in order.
//! [`policy`] limits and records tokens. [`names`] says what an error may repeat. [`platform`] has
//! everything that differs between operating systems.

pub mod names;
pub mod parallel;
pub mod platform;
pub mod policy;
pub mod sidecar;
