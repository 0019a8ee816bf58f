//! Coverage-guided inputs for the checker `deflate` of `crates/testing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dstok_testing::deflate::any_input(input));
