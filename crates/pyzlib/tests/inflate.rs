//! Both ways to decompress beside zlib, on streams of every level and window, whole and damaged.
//! `scripts/inflate_compare` runs more of them.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot continue fails the test")]
#![allow(clippy::print_stdout, reason = "a long run reports its figures")]

use dstok_testing::generators::{ODD, Random, USUAL, on_two_threads};
use dstok_testing::inflate::Checker;
use zlib_rs::{Deflate, DeflateFlush};

/// `INFLATE_INPUTS` sets how many, `INFLATE_SEED` which ones.
#[test]
fn generated_streams() {
    on_two_threads("INFLATE", compare);
}

fn compare(inputs: u64, seed: u64) {
    let (mut checker, mut random) = (Checker::default(), Random(seed));
    let mut good = 0;
    for input in 0..inputs {
        let generate = if input % 16 == 0 { random.of(&ODD) } else { random.of(&USUAL) };
        let data = generate(&mut random);
        let limit = random.below(8) as u8;
        let mut stream = compressed(&mut random, &data);
        stream.insert(0, limit);
        assert!(checker.any_input(&stream), "a whole stream is good");
        for _ in 0..3 {
            damage(&mut random, &mut stream);
            good += u64::from(checker.any_input(&stream));
        }
    }
    println!(
        "seed {seed}: {inputs} streams, and {} damaged ones, {good} of them good: the same",
        3 * inputs
    );
    assert!(inputs < 1_000 || good > 0, "some damage is after the stream");
}

/// Compresses data with any level and window, sometimes into several blocks.
fn compressed(random: &mut Random, data: &[u8]) -> Vec<u8> {
    let window = if random.below(4) == 0 { 9 + random.below(7) as u8 } else { 15 };
    let mut deflate = Deflate::new(random.below(10) as i32, true, window);
    let mut stream = vec![0; 2 * data.len() + 1_000];
    let mut read = 0;
    if random.below(4) == 0 {
        read = random.below(data.len() + 1);
        let flush = random.of(&[DeflateFlush::SyncFlush, DeflateFlush::FullFlush]);
        deflate.compress(&data[..read], &mut stream, flush).unwrap();
    }
    let written = deflate.total_out() as usize;
    deflate.compress(&data[read..], &mut stream[written..], DeflateFlush::Finish).unwrap();
    stream.truncate(deflate.total_out() as usize);
    stream
}

/// Changes, cuts or lengthens the stream after the first byte of the input. Half of the damage is
/// near the beginning, where the codes are.
fn damage(random: &mut Random, input: &mut Vec<u8>) {
    let size = input.len() - 1;
    let at = 1 + match random.below(2) {
        0 => random.below(size.clamp(1, 40)),
        _ => random.below(size.max(1)),
    };
    let Some(byte) = input.get_mut(at) else { return };
    match random.below(8) {
        0 => input.truncate(at),
        1 => input.insert(at, random.below(256) as u8),
        2 => *byte = random.below(256) as u8,
        _ => *byte ^= 1 << random.below(8),
    }
}
