//! Payloads as Datasette writes them are read in one pass, without a tree.

use super::{TokenInvalid, capped};
use crate::datasette::{Datasette, Error, TokenFormat};
use crate::pyjson::{Kind, RawString, Scanner, Transcoder, write_i64};

impl Datasette {
    /// What `read_actor` does, for a payload that has `a`, `t` and perhaps `d` and `_r`, in this
    /// order, and in which all is as usual. `None` for any other: the tree will tell, and `out`
    /// holds an unusable beginning.
    pub(super) fn read_usual_actor(
        &self,
        payload: &str,
        now: f64,
        out: &mut Vec<u8>,
    ) -> Option<Result<(), Error>> {
        if self.release.token_format() != TokenFormat::Restrictable {
            return None;
        }
        // The payload's own object is open around each value.
        let mut transcoder = Transcoder::inside(1);
        let mut scanner = Scanner::new(payload);
        scanner.begin_object().ok()?;
        scanner.next_key(true).ok()?.filter(|key| key.text() == "a")?;
        out.extend_from_slice(br#"{"id":"#);
        transcoder.value(&mut scanner, out).ok()?;
        out.extend_from_slice(br#","token":"dstok""#);
        scanner.next_key(false).ok()?.filter(|key| key.text() == "t")?;
        let created = integer(&mut scanner)?;
        let mut key = scanner.next_key(false).ok()?;
        let is = |key: &Option<RawString<'_>>, name: &str| key.is_some_and(|k| k.text() == name);
        let mut duration = None;
        if is(&key, "d") {
            duration = Some(integer(&mut scanner)?);
            key = scanner.next_key(false).ok()?;
        }
        if is(&key, "_r") {
            out.extend_from_slice(br#","_r":"#);
            transcoder.value(&mut scanner, out).ok()?;
            key = scanner.next_key(false).ok()?;
        }
        if key.is_some() || scanner.end().is_err() {
            return None;
        }
        let cap = i64::try_from(self.settings.max_signed_tokens_ttl).ok().filter(is_exact)?;
        let duration = capped(duration, cap);
        if let Some(seconds) = duration {
            if now - created as f64 > seconds as f64 {
                return Some(Err(TokenInvalid::Expired.into()));
            }
            out.extend_from_slice(br#","token_expires":"#);
            write_i64(out, created + seconds);
        }
        out.push(b'}');
        Some(Ok(()))
    }
}

/// Whether it is an integer that a double holds exactly, so that doubles compare as Python's
/// integers do.
fn is_exact(number: &i64) -> bool {
    number.unsigned_abs() <= 1 << f64::MANTISSA_DIGITS
}

fn integer(scanner: &mut Scanner<'_>) -> Option<i64> {
    match scanner.peek_kind() {
        Ok(Kind::Number) => scanner.number().ok()?.text.parse().ok().filter(is_exact),
        _ => None,
    }
}
