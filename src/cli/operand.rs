//! A subcommand's operand: an argument, or `-` for stdin.

use std::io::{self, Read};

use super::failure::Failure;

/// How many bytes are read from stdin at most. Tokens are far shorter.
const MAX_STDIN: u64 = 16 << 20;

/// The operand itself, or for `-` the contents of stdin without surrounding white space.
///
/// # Errors
/// [`Failure::Usage`] for invalid UTF-8, and for an empty or too long stdin. [`Failure::Io`].
pub(super) fn read(name: &str, operand: &str) -> Result<String, Failure> {
    if operand != "-" {
        return Ok(operand.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_STDIN {
        return Err(format!("{name}: stdin holds more than 16 MiB").into());
    }
    let text =
        std::str::from_utf8(&bytes).map_err(|_| format!("{name}: stdin is not UTF-8 text"))?;
    match text.trim_ascii() {
        "" => Err(format!("{name}: stdin is empty").into()),
        text => Ok(text.to_owned()),
    }
}
