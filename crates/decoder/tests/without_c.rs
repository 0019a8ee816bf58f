//! What a build without a C compiler can do. `scripts/test_decoder` runs this crate's tests alone;
//! together with the other crates, they are built with the feature `libz`.

use datasette_tokens::{Datasette, Flavour, Secret, Value};
use dstok_decoder::inspect_token;
use pyzlib::Compressor;

const NOW: f64 = 1_700_000_000.0;

#[test]
fn a_token_is_decoded() {
    let found = inspect_token("dstok_eyJhIjoiYW5uIiwidCI6MTcwMDAwMDAwMH0.sig", NOW).unwrap();
    assert!(found.contains(r#""actor_id":"ann","created":1700000000,"#), "{found}");
}

#[test]
fn more_than_this_crate_compresses_is_not_signed() {
    let secret = Secret::new("not a secret".to_owned()).unwrap();
    let datasette = Datasette::builder().secret(secret).build();
    let sign = |length: usize| datasette.sign(&Value::from("x".repeat(length - 2)), "default");
    let longest = 65_273;
    assert!(sign(longest).unwrap().starts_with('.'));
    let has_libz = Compressor::max_data(Flavour::Zlib) > longest;
    match sign(longest + 1) {
        Ok(_) => assert!(has_libz),
        Err(error) => {
            assert!(!has_libz);
            let message = "value makes a payload over max_payload (65273 bytes)";
            assert_eq!(error.to_string(), message);
        }
    }
}
