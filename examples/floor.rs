//! The least work that a program could do in place of `dstok serve`. For each line of stdin it
//! computes the HMAC-SHA1 of the first bytes under a known key, and writes a line. It may also
//! compress a payload for each line, or decompress one.
//!
//! Usage: `floor SIGNED ANSWER [compress FILE | decompress FILE]`. SIGNED and ANSWER are in bytes:
//! how much of a line is signed, and how long the line is that it writes, with its newline. FILE
//! holds the payload.

#![allow(clippy::disallowed_methods, reason = "a program that measures")]

use std::error::Error;
use std::hint::black_box;
use std::io::{Read, Write};

use dstok::sidecar::serve::{Stdin, Stdout};
use hmac::{Hmac, KeyInit, Mac};
use memchr::memchr_iter;
use pyzlib::{Compressor, DecompressError, Decompressor, Flavour};
use sha1::Sha1;

/// Bytes that `dstok serve` reads at once.
const BLOCK: usize = 256 << 10;

const USAGE: &str = "usage: floor SIGNED ANSWER [compress FILE | decompress FILE]";

/// What is compressed or decompressed for each line.
enum Zlib {
    Compress { data: Vec<u8>, compressor: Compressor, out: Vec<u8> },
    Decompress { stream: Vec<u8>, decompressor: Decompressor },
}

impl Zlib {
    fn new(method: &str, file: &str) -> Result<Self, Box<dyn Error>> {
        let payload = std::fs::read(file)?;
        match method {
            "compress" => {
                let (compressor, out) = (Compressor::new(), Vec::new());
                Ok(Self::Compress { data: payload, compressor, out })
            }
            "decompress" => {
                Ok(Self::Decompress { stream: payload, decompressor: Decompressor::new() })
            }
            _ => Err(USAGE.into()),
        }
    }

    fn run(&mut self) -> Result<(), DecompressError> {
        match self {
            Self::Compress { data, compressor, out } => {
                out.clear();
                // itsdangerous keeps a stream that is at least two bytes shorter.
                let limit = data.len().saturating_sub(2);
                compressor.compress_within(Flavour::Zlib, black_box(data), limit, out);
            }
            Self::Decompress { stream, decompressor } => {
                black_box(decompressor.decompress_within(black_box(stream), usize::MAX)?);
            }
        }
        Ok(())
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    let (signed, answer, mut zlib) = match &*arguments {
        [signed, answer] => (signed, answer, None),
        [signed, answer, method, file] => (signed, answer, Some(Zlib::new(method, file)?)),
        _ => return Err(USAGE.into()),
    };
    let (signed, answer): (usize, usize) = (signed.parse()?, answer.parse()?);
    let keyed = Hmac::<Sha1>::new_from_slice(b"a derived key has 20")?;
    let (mut input, mut output) = (Stdin::new(None)?, Stdout::default());
    let mut block = vec![0; BLOCK];
    let mut kept = 0;
    let mut out = Vec::new();
    loop {
        let length = input.read(&mut block[kept..])?;
        if length == 0 {
            // A line longer than a block leaves no room to read into.
            return if kept == 0 { Ok(()) } else { Err("the last line has no end".into()) };
        }
        let filled = kept + length;
        let mut start = 0;
        for end in memchr_iter(b'\n', &block[..filled]) {
            if let Some(zlib) = &mut zlib {
                zlib.run()?;
            }
            let line = block[start..end].get(..signed).ok_or("a line is shorter than SIGNED")?;
            let signature = keyed.clone().chain_update(line).finalize().into_bytes();
            let answered = out.len();
            out.resize(answered + answer.saturating_sub(1), b'.');
            // The top bit keeps newlines out.
            out[answered..].iter_mut().zip(signature).for_each(|(to, byte)| *to = byte | 0x80);
            out.push(b'\n');
            start = end + 1;
        }
        output.write_all(&out)?;
        out.clear();
        block.copy_within(start..filled, 0);
        kept = filled - start;
    }
}
