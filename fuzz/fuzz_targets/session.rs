//! `tests/checks/session.rs`, driven by coverage.
#![no_main]

#[path = "../../tests/checks/mod.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|input: &[u8]| checks::session::any_input(input));
