//! Reading a start-up file without leaving copies of it in memory.

use std::fs::File;
use std::io;
use std::path::Path;

use rustix::io::retry_on_intr;
use zeroize::Zeroizing;

use super::failure::Failure;

/// How much to trust a file's own size, in bytes: it may claim anything.
const MAX_SIZE_HINT: u64 = 1 << 20;

/// Reads a UTF-8 file. `option` names the option in error messages.
pub(super) fn read(option: &str, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = path.display();
    let bytes =
        read_bytes(path).map_err(|error| format!("{option}: cannot read {shown}: {error}"))?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(format!("{option}: {shown} is not UTF-8 text").into()),
    }
}

/// `fs::read`, except that a buffer that is too small is wiped. A `Vec` that grows by itself
/// leaves its contents behind.
fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let file = File::open(path)?;
    let size = file.metadata()?.len().min(MAX_SIZE_HINT) as usize;
    // One byte more than the size, so that the end of the file shows without growing.
    let mut bytes = Zeroizing::new(vec![0; size + 1]);
    let mut filled = 0;
    loop {
        match retry_on_intr(|| rustix::io::read(&file, &mut bytes[filled..]))? {
            0 => break,
            length => filled += length,
        }
        if filled == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * filled + 64]);
            larger[..filled].copy_from_slice(&bytes);
            bytes = larger;
        }
    }
    bytes.truncate(filled);
    Ok(bytes)
}
