//! The least work that a program could do in place of `dstok serve`. For each line of stdin it
//! computes the HMAC-SHA1 of the first bytes under a known key, and writes a line.
//!
//! Usage: `floor SIGNED ANSWER`, both in bytes: how much of a line is signed, and how long the
//! line is that it writes, with its newline.

use std::error::Error;
use std::io::{Read, Write};

use dstok::sidecar::serve::{Stdin, Stdout};
use hmac::{Hmac, KeyInit, Mac};
use memchr::memchr_iter;
use sha1::Sha1;

/// Bytes that `dstok serve` reads at once.
const BLOCK: usize = 256 << 10;

fn main() -> Result<(), Box<dyn Error>> {
    let mut sizes = std::env::args().skip(1).map(|size| size.parse::<usize>());
    let (Some(signed), Some(answer)) = (sizes.next().transpose()?, sizes.next().transpose()?)
    else {
        return Err("usage: floor SIGNED ANSWER".into());
    };
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
