//! `inspect_token` for browsers: the WebAssembly module behind the page `docs/decoder`.
//!
//! It takes no secret, so nobody is asked for one. `scripts/build_decoder` builds it.

use datasette_tokens::{Datasette, Error};
use wasm_bindgen::prelude::wasm_bindgen;

/// The answer of dstok's method `inspect_token` for the newest release of Datasette, as JSON. `now`
/// is in Unix seconds, since the module has no clock.
///
/// # Errors
/// None for any token. The newest release supports tokens.
#[wasm_bindgen]
pub fn inspect_token(token: &str, now: f64) -> Result<String, String> {
    let inspection = Datasette::default().inspect_token(token, now);
    inspection.map(|found| found.to_json().to_owned()).map_err(|error: Error| error.to_string())
}

/// The release of Datasette whose rules [`inspect_token`] applies.
#[wasm_bindgen]
#[must_use]
pub fn datasette_version() -> String {
    Datasette::default().release().name().to_owned()
}
