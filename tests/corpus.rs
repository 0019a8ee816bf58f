//! Every file of `fuzz/corpus/`, what coverage-guided fuzzing has found worth keeping, is given
//! to the checker that it was found with. `scripts/fuzz` looks for more.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the corpus is what is tested")]
#![allow(clippy::print_stdout, reason = "a test that fails shows with which file")]

mod checks;

use std::fs;
use std::path::Path;

#[track_caller]
fn replay(target: &str, any_input: fn(&[u8])) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{target}: the corpus is not there");
    for file in files {
        println!("{}", file.display());
        any_input(&fs::read(file).unwrap());
    }
}

#[test]
fn deflate() {
    replay("deflate", checks::deflate::any_input);
}

#[test]
fn inflate() {
    replay("inflate", checks::inflate::any_input);
}

#[test]
fn transcode() {
    replay("transcode", checks::transcode::any_input);
}

#[test]
fn token() {
    replay("token", checks::token::any_input);
}

#[test]
fn session() {
    replay("session", checks::session::any_input);
}
