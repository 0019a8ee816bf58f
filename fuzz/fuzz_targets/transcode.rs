//! Coverage-guided inputs for the checker `transcode` of `crates/testing`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| dstok_testing::transcode::any_input(input));
