//! Coverage-guided inputs for the checker `session` of `crates/testing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dstok_testing::session::any_input(input));
