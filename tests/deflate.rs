//! Small data is compressed by an implementation of our own, which must give zlib's bytes: one
//! checker, driven by generated inputs of many sorts and by proptest. `scripts/deflate_compare`
//! runs it for longer.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the environment says how much to compare")]
#![allow(clippy::print_stdout, reason = "a long run reports its figures")]

#[allow(dead_code, reason = "a fuzzer has a way in of its own")]
#[path = "checks/deflate.rs"]
mod checks;
mod generators;

use checks::{LARGEST, check, check_all_limits};
use generators::{ODD, Random, USUAL, on_two_threads};
use proptest::prelude::*;

/// `DEFLATE_INPUTS` says how many, `DEFLATE_SEED` which ones.
#[test]
fn generated_inputs() {
    on_two_threads("DEFLATE", compare);
}

fn compare(inputs: u64, seed: u64) {
    let mut random = Random(seed);
    let (mut bytes, mut compressed) = (0u64, 0u64);
    for input in 0..inputs {
        let generate = if input % 32 == 0 { random.of(&ODD) } else { random.of(&USUAL) };
        let data = generate(&mut random);
        assert!(data.len() <= LARGEST);
        bytes += data.len() as u64;
        if input % 8 == 0 {
            check_all_limits(&data);
        } else {
            compressed += u64::from(check(&data, data.len().saturating_sub(2)));
        }
    }
    println!(
        "seed {seed}: {inputs} inputs, {bytes} bytes, {compressed} of them compressed: the same"
    );
    assert!(inputs < 1_000 || (compressed > 0 && compressed < inputs), "both outcomes occur");
}

#[test]
fn sizes_around_the_largest() {
    let mut random = Random(7);
    for size in LARGEST - 3..LARGEST + 4 {
        for alphabet in [1, 2, 30, 256] {
            let data: Vec<u8> = (0..size).map(|_| random.below(alphabet) as u8).collect();
            check_all_limits(&data);
        }
    }
}

#[test]
fn nothing_and_next_to_nothing() {
    for size in 0..12 {
        for byte in [0, b'a', 143, 144, 255] {
            check_all_limits(&vec![byte; size]);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..600)) {
        check_all_limits(&data);
    }

    #[test]
    fn few_bytes(data in prop::collection::vec(prop::sample::select(b"abc{\":,".to_vec()), 0..600)) {
        check_all_limits(&data);
    }
}
