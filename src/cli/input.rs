//! What subcommands read: start-up files, and an operand from stdin.

use std::io::{self, ErrorKind, Read};
use std::{fs::File, path::Path};

use zeroize::Zeroizing;

use super::failure::Result;

/// How many bytes are read from stdin at most. Tokens are far shorter.
const MAX_STDIN: u64 = 16 << 20;

/// How much to trust a file's own size, in bytes: it may claim anything.
const MAX_SIZE_HINT: u64 = 1 << 20;

/// Reads a UTF-8 file without leaving copies of it in memory. `option` names the option in error
/// messages.
pub(super) fn text_file(option: &str, path: &Path) -> Result<Zeroizing<String>> {
    let shown = path.display();
    let bytes =
        read_bytes(path).map_err(|error| format!("{option}: cannot read {shown}: {error}"))?;
    let text =
        str::from_utf8(&bytes).map_err(|_| format!("{option}: {shown} is not UTF-8 text"))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// `fs::read`, except that a buffer that is too small is wiped. A `Vec` that grows by itself
/// leaves its contents behind.
fn read_bytes(path: &Path) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut file = File::open(path)?;
    let size = file.metadata()?.len().min(MAX_SIZE_HINT) as usize;
    // One byte more than the size, so that the end of the file shows without growing.
    let mut bytes = Zeroizing::new(vec![0; size + 1]);
    let mut length = 0;
    loop {
        match file.read(&mut bytes[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
        if length == bytes.len() {
            let mut larger = Zeroizing::new(vec![0; 2 * length + 64]);
            larger[..length].copy_from_slice(&bytes);
            bytes = larger;
        }
    }
    bytes.truncate(length);
    Ok(bytes)
}

/// A subcommand's operand: the argument itself, or for `-` the contents of stdin without surrounding
/// white space.
///
/// # Errors
/// [`Failure::Usage`] for invalid UTF-8, and for an empty or too long stdin. [`Failure::Io`].
pub(super) fn operand(name: &str, operand: &str) -> Result<String> {
    if operand != "-" {
        return Ok(operand.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_STDIN {
        return Err(format!("{name}: stdin holds more than 16 MiB").into());
    }
    let text = str::from_utf8(&bytes).map_err(|_| format!("{name}: stdin is not UTF-8 text"))?;
    match text.trim_ascii() {
        "" => Err(format!("{name}: stdin is empty").into()),
        text => Ok(text.to_owned()),
    }
}
