//! Coverage-guided inputs for the checker `inflate` of `crates/testing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dstok_testing::inflate::any_input(input));
