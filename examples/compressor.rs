//! Compresses each line of stdin by dstok's own deflate and by zlib, in turns, and prints how many
//! times as long zlib takes (the median) and how many of the lines are shorter compressed.
//!
//! Each does what a token asks of it: ours stops where compression does not pay, which zlib
//! cannot, so zlib writes all of its output.

#![allow(clippy::disallowed_methods, clippy::print_stdout, reason = "a program that measures")]

use std::hint::black_box;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Instant;

use dstok::zlib::{Flavour, compress_with_libz_within, compress_within};

const ROUNDS: usize = 31;

fn main() -> io::Result<ExitCode> {
    let lines: Vec<String> = io::stdin().lock().lines().collect::<io::Result<_>>()?;
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut compressed = 0;
    for line in &lines {
        let limit = line.len().saturating_sub(2);
        ours.clear();
        theirs.clear();
        let pays = compress_within(Flavour::Zlib, line.as_bytes(), limit, &mut ours);
        if pays != compress_with_libz_within(line.as_bytes(), limit, &mut theirs) || ours != theirs
        {
            return Ok(ExitCode::FAILURE);
        }
        compressed += usize::from(pays);
    }
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for line in &lines {
            theirs.clear();
            compress_with_libz_within(black_box(line.as_bytes()), line.len() + 64, &mut theirs);
        }
        let middle = Instant::now();
        for line in &lines {
            ours.clear();
            let limit = line.len().saturating_sub(2);
            compress_within(Flavour::Zlib, black_box(line.as_bytes()), limit, &mut ours);
        }
        ratios.push((middle - start).as_secs_f64() / middle.elapsed().as_secs_f64());
    }
    ratios.sort_unstable_by(f64::total_cmp);
    println!("{} {}", ratios[ROUNDS / 2], compressed as f64 / lines.len() as f64);
    Ok(ExitCode::SUCCESS)
}
