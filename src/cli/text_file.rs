//! Reading a start-up file without leaving copies of it in memory.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::Path;

use zeroize::{Zeroize as _, Zeroizing};

use super::failure::Failure;

/// How much to trust a file's own size, in bytes: it may claim anything.
const MAX_SIZE_HINT: u64 = 1 << 20;

/// Reads a UTF-8 file. `option` names the option in error messages.
pub(super) fn read(option: &str, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let mut bytes = read_bytes(path).map_err(|error| {
        Failure::Usage(format!("{option}: cannot read {}: {error}", path.display()))
    })?;
    String::from_utf8(std::mem::take(&mut bytes)).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        Failure::Usage(format!("{option}: {} is not UTF-8 text", path.display()))
    })
}

/// `fs::read`, except that a buffer that is too small is wiped. A `Vec` that grows by itself
/// leaves its contents behind.
fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len().min(MAX_SIZE_HINT) as usize;
    // One byte more than the size, so that the end of the file shows without growing.
    let mut bytes = Zeroizing::new(vec![0; size + 1]);
    let mut filled = 0;
    loop {
        match file.read(&mut bytes[filled..]) {
            Ok(0) => break,
            Ok(length) => filled += length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
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
