//! Runs the crate `itsdangerous` for the benchmark. The protocol is that of `peer.py`.

use std::env;
use std::error::Error;
use std::hint::black_box;
use std::io;

use itsdangerous::{Serializer, URLSafeEncoding, default_builder, serializer_with_signer};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let signer = default_builder(env::var("DATASETTE_SECRET")?).with_salt("token").build();
    let serializer = serializer_with_signer(signer, URLSafeEncoding);
    for line in io::stdin().lines() {
        let request: Value = serde_json::from_str(&line?)?;
        println!("{}", answer(&serializer, &request)?);
    }
    Ok(())
}

fn answer(serializer: &impl Serializer, request: &Value) -> serde_json::Result<Value> {
    let value = &request["value"];
    let count = request["count"].as_u64().unwrap_or_default();
    let Some(signed) = request["signed"].as_str() else {
        let mut text = String::new();
        for _ in 0..count {
            text = serializer.sign(black_box(value))?;
        }
        return Ok(text.into());
    };
    let mut read = None;
    for _ in 0..count {
        read = serializer.unsign::<Value>(black_box(signed)).ok();
    }
    Ok((read.as_ref() == Some(value)).into())
}
