//! Replays `fuzz/corpus/`, the inputs worth keeping that coverage-guided fuzzing has found, and
//! inputs made of two of them. `scripts/fuzz` searches for more.
#![allow(clippy::unwrap_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "the corpus is what is tested")]
#![allow(clippy::print_stdout, reason = "a test that fails shows with which file")]

use std::fs;
use std::path::{Path, PathBuf};

use dstok_testing::{deflate, inflate, session, token, transcode};
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};

fn corpus(target: &str) -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/corpus").join(target);
    let mut files: Vec<_> =
        fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 10, "{target}: the corpus is not there");
    files
}

#[track_caller]
fn replay(target: &str, any_input: fn(&[u8])) {
    let files = corpus(target);
    for file in &files {
        println!("{}", file.display());
        any_input(&fs::read(file).unwrap());
    }
    let inputs: Vec<_> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let cut = || (any::<Index>(), any::<Index>());
    let made_of_two = (cut(), cut(), vec((any::<Index>(), any::<u8>()), 0..4));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&made_of_two, |(head, tail, changes)| {
        let (head, to) = (head.0.get(&inputs), head.1);
        let (tail, from) = (tail.0.get(&inputs), tail.1);
        let mut input = head[..to.index(head.len() + 1)].to_vec();
        input.extend_from_slice(&tail[from.index(tail.len() + 1)..]);
        for (at, byte) in changes {
            let length = input.len();
            if length > 0 {
                input[at.index(length)] = byte;
            }
        }
        any_input(&input);
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn deflate_corpus() {
    replay("deflate", deflate::any_input);
}

#[test]
fn inflate_corpus() {
    replay("inflate", inflate::any_input);
}

#[test]
fn transcode_corpus() {
    replay("transcode", transcode::any_input);
}

#[test]
fn token_corpus() {
    replay("token", token::any_input);
}

#[test]
fn session_corpus() {
    replay("session", session::any_input);
}
