//! pyzlib's deflate beside zlib, on generated inputs of many kinds. `scripts/deflate_compare` runs
//! more of them.
#![allow(clippy::print_stdout, reason = "a long run reports its figures")]

use dstok_testing::deflate::{Checker, LARGEST};
use dstok_testing::generators::{ODD, Random, USUAL, on_two_threads};
use proptest::prelude::*;

/// `DEFLATE_INPUTS` sets how many, `DEFLATE_SEED` which ones.
#[test]
fn generated_inputs() {
    on_two_threads("DEFLATE", compare);
}

fn compare(inputs: u64, seed: u64) {
    let (mut checker, mut random) = (Checker::default(), Random(seed));
    let (mut bytes, mut compressed) = (0u64, 0u64);
    for input in 0..inputs {
        let generate = if input % 32 == 0 { random.of(&ODD) } else { random.of(&USUAL) };
        let data = generate(&mut random);
        assert!(data.len() <= LARGEST);
        bytes += data.len() as u64;
        if input % 8 == 0 {
            checker.check_all_limits(&data);
        } else {
            compressed += u64::from(checker.check(&data, data.len().saturating_sub(2)));
        }
    }
    println!("seed {seed}: {inputs} inputs, {bytes} bytes, {compressed} became shorter: the same");
    assert!(inputs < 1_000 || (compressed > 0 && compressed < inputs), "both outcomes occur");
}

#[test]
fn sizes_around_the_largest() {
    let (mut checker, mut random) = (Checker::default(), Random(7));
    for size in LARGEST - 3..LARGEST + 4 {
        for alphabet in [1, 2, 30, 256] {
            let data: Vec<u8> = (0..size).map(|_| random.below(alphabet) as u8).collect();
            checker.check_all_limits(&data);
        }
    }
}

/// A block ends after 16,383 symbols. Two words of no repetition and a repetition end there.
#[test]
fn symbols_around_a_block() {
    let (mut checker, mut random) = (Checker::default(), Random(9));
    for size in 16_378..16_386 {
        let mut data: Vec<u8> = (0..size).map(|n| (n * n * 7 / 5 + n * 31) as u8).collect();
        (0..size).for_each(|n| data[n] ^= random.below(256) as u8);
        checker.check_all_limits(&data);
        data.extend_from_within(..9);
        checker.check_all_limits(&data);
        data.push(1);
        checker.check_all_limits(&data);
    }
}

#[test]
fn up_to_eleven_bytes() {
    let mut checker = Checker::default();
    for size in 0..12 {
        for byte in [0, b'a', 143, 144, 255] {
            checker.check_all_limits(&vec![byte; size]);
        }
    }
}

proptest! {
    #[test]
    fn any_bytes(data in prop::collection::vec(any::<u8>(), 0..600)) {
        Checker::default().check_all_limits(&data);
    }

    #[test]
    fn few_bytes(data in prop::collection::vec(prop::sample::select(b"abc{\":,".to_vec()), 0..600)) {
        Checker::default().check_all_limits(&data);
    }
}
