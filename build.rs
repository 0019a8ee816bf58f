//! Compresses `compat-fixtures/` for `dstok conformance`, which carries it.

#![allow(clippy::disallowed_methods, reason = "a build script reads files and the environment")]
#![allow(clippy::print_stdout, reason = "it is how a build script talks to cargo")]

use std::error::Error;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::{env, fs};

use zlib_rs::{DeflateConfig, ReturnCode, compress_bound, compress_slice};

const FOLDER: &str = "compat-fixtures";

/// Writes each file as a zlib stream, and `fixtures.rs` with an array of their names and bytes.
fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed={FOLDER}");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("OUT_DIR is not set")?);
    let entries = fs::read_dir(FOLDER)?.collect::<Result<Vec<_>, _>>()?;
    let mut names: Vec<_> = entries.iter().map(|entry| entry.file_name()).collect();
    names.sort();
    let mut array = String::from("[\n");
    let is_fixture = |name: &&str| name.ends_with(".jsonl") || *name == "README.md";
    for name in names.iter().filter_map(|name| name.to_str()).filter(is_fixture) {
        let data = fs::read(PathBuf::from(FOLDER).join(name))?;
        fs::write(out.join(format!("{name}.zlib")), compress(&data)?)?;
        // A path that cargo sets, so that the build doesn't depend on where it runs.
        let path = format!("concat!(env!(\"OUT_DIR\"), \"/{name}.zlib\")");
        writeln!(array, "    ({name:?}, include_bytes!({path}).as_slice()),")?;
    }
    fs::write(out.join("fixtures.rs"), array + "]\n")?;
    Ok(())
}

fn compress(data: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = vec![0; compress_bound(data.len())];
    match compress_slice(&mut out, data, DeflateConfig::best_compression()) {
        (stream, ReturnCode::Ok) => Ok(stream.to_vec()),
        _ => Err("cannot compress a file".into()),
    }
}
