//! What streams inflate to beside zlib itself: one checker, driven by streams that compressors of
//! every level and window make, whole and damaged. `scripts/inflate_compare` runs it for longer.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the environment says how much to compare")]
#![allow(clippy::print_stdout, reason = "a long run reports its figures")]

#[path = "checks/inflate.rs"]
mod checks;
mod generators;

use checks::any_input;
use dstok::zlib::decompress;
use generators::{ODD, Random, USUAL, on_two_threads};
use zlib_rs::{Deflate, DeflateFlush};

/// `INFLATE_INPUTS` says how many, `INFLATE_SEED` which ones.
#[test]
fn generated_streams() {
    on_two_threads("INFLATE", compare);
}

fn compare(inputs: u64, seed: u64) {
    let mut random = Random(seed);
    let mut whole = 0;
    for input in 0..inputs {
        let generate = if input % 16 == 0 { random.of(&ODD) } else { random.of(&USUAL) };
        let data = generate(&mut random);
        let limit = random.below(8) as u8;
        let mut stream = compressed(&mut random, &data);
        stream.insert(0, limit);
        any_input(&stream);
        for _ in 0..3 {
            damage(&mut random, &mut stream);
            any_input(&stream);
            whole += u64::from(decompress(&stream[1..], 1 << 20).is_ok());
        }
    }
    println!(
        "seed {seed}: {inputs} streams, and {} damaged ones, {whole} of them still good: the same",
        3 * inputs
    );
    assert!(inputs < 1_000 || whole > 0, "some damage is behind the stream");
}

/// A stream of the data, of any level and window, and perhaps of several blocks.
fn compressed(random: &mut Random, data: &[u8]) -> Vec<u8> {
    let window = if random.below(4) == 0 { 9 + random.below(7) as u8 } else { 15 };
    let mut deflate = Deflate::new(random.below(10) as i32, true, window);
    let mut stream = vec![0; 2 * data.len() + 1_000];
    let mut at = 0;
    if random.below(4) == 0 {
        at = random.below(data.len() + 1);
        let flush = random.of(&[DeflateFlush::SyncFlush, DeflateFlush::FullFlush]);
        deflate.compress(&data[..at], &mut stream, flush).unwrap();
    }
    let written = deflate.total_out() as usize;
    deflate.compress(&data[at..], &mut stream[written..], DeflateFlush::Finish).unwrap();
    stream.truncate(deflate.total_out() as usize);
    stream
}

/// Changes, cuts or lengthens what follows the first byte, most often near its beginning, where
/// the codes stand.
fn damage(random: &mut Random, stream: &mut Vec<u8>) {
    let most = stream.len() - 1;
    let at = 1 + match random.below(2) {
        0 => random.below(most.clamp(1, 40)),
        _ => random.below(most.max(1)),
    };
    let Some(byte) = stream.get_mut(at) else { return };
    match random.below(8) {
        0 => stream.truncate(at),
        1 => stream.insert(at, random.below(256) as u8),
        2 => *byte = random.below(256) as u8,
        _ => *byte ^= 1 << random.below(8),
    }
}
