//! Compresses each line of stdin with this crate and with zlib, alternating, and prints two
//! numbers: how many times as long zlib takes (the median), and the share of lines that become
//! shorter.
//!
//! Both do what signing a token takes. This crate stops once a line does not become shorter. zlib
//! can't, so it writes all of its output.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, reason = "a program that measures")]
#![allow(clippy::print_stdout, reason = "a program that measures")]

use std::hint::black_box;
use std::io::{self, BufRead};
use std::process::ExitCode;
use std::time::Instant;

use pyzlib::{Compressor, Flavour};

const ROUNDS: usize = 31;

fn main() -> io::Result<ExitCode> {
    let lines: Vec<String> = io::stdin().lock().lines().collect::<io::Result<_>>()?;
    let mut compressor = Compressor::new();
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    let mut shorter = 0;
    for line in &lines {
        let data = line.as_bytes();
        let limit = data.len().saturating_sub(2);
        ours.clear();
        theirs.clear();
        let fits = compressor.compress_within(Flavour::Zlib, data, limit, &mut ours);
        let theirs_fit = compressor.compress_with_libz_within(data, limit, &mut theirs);
        if fits != theirs_fit || ours != theirs {
            return Ok(ExitCode::FAILURE);
        }
        shorter += usize::from(fits);
    }
    let mut ratios = Vec::new();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for line in &lines {
            theirs.clear();
            let data = black_box(line.as_bytes());
            compressor.compress_with_libz_within(data, data.len() + 64, &mut theirs);
        }
        let middle = Instant::now();
        for line in &lines {
            ours.clear();
            let data = black_box(line.as_bytes());
            let limit = data.len().saturating_sub(2);
            compressor.compress_within(Flavour::Zlib, data, limit, &mut ours);
        }
        ratios.push((middle - start).as_secs_f64() / middle.elapsed().as_secs_f64());
    }
    ratios.sort_unstable_by(f64::total_cmp);
    println!("{} {}", ratios[ROUNDS / 2], shorter as f64 / lines.len() as f64);
    Ok(ExitCode::SUCCESS)
}
