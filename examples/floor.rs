//! The least that any program could do in place of `dstok serve`: reads the lines of stdin as it
//! does, takes the HMAC-SHA1 of the first bytes of each, the key known, and writes a line.
//!
//! Usage: floor SIGNED ANSWER, both in bytes: what is signed of each line, and the line that is
//! written for it, its end counted.

use std::error::Error;
use std::io::{Read, Write};

use dstok::serve::{Stdin, Stdout};
use hmac::{Hmac, KeyInit, Mac};
use memchr::memchr_iter;
use sha1::Sha1;

/// What `dstok serve` reads at once.
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
            // Of a line that is longer than a block nothing more can be read.
            return if kept == 0 { Ok(()) } else { Err("the last line has no end".into()) };
        }
        let filled = kept + length;
        let mut start = 0;
        for end in memchr_iter(b'\n', &block[..filled]) {
            let line = block[start..end].get(..signed).ok_or("a line is shorter than SIGNED")?;
            let signature = keyed.clone().chain_update(line).finalize().into_bytes();
            let answered = out.len();
            out.resize(answered + answer.saturating_sub(1), b'.');
            // The top bit keeps line ends out.
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
