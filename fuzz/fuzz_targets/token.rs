//! Coverage-guided inputs for the checker `token` of `crates/testing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dstok_testing::token::any_input(input));
