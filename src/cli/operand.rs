//! What a subcommand works on: an argument, or `-` for stdin.

use std::io::{self, Read};

use super::Failure;

/// The most that is read from stdin, in bytes; tokens are far shorter.
const MAX_STDIN: u64 = 16 << 20;

/// The operand itself, or for `-` what stdin holds, without the white space around it.
///
/// # Errors
/// [`Failure::Usage`] for what is no text, [`Failure::Io`].
pub(super) fn read(name: &str, operand: &str) -> Result<String, Failure> {
    if operand != "-" {
        return Ok(operand.to_owned());
    }
    let mut bytes = Vec::new();
    io::stdin().lock().take(MAX_STDIN + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_STDIN {
        return Err(Failure::Usage(format!("{name}: stdin holds more than 16 MiB")));
    }
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::Usage(format!("{name}: stdin is not UTF-8 text")))?
        .trim_ascii();
    if text.is_empty() {
        return Err(Failure::Usage(format!("{name}: stdin is empty")));
    }
    Ok(text.to_owned())
}
