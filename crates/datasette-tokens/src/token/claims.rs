//! What a token's payload says, and when it ends: one reader and one rule for everybody who asks.

use pyjson::{Keys, Kind, RawValue, Rules, Scanner, each_element};

use crate::payload::{Payload, as_str};
use crate::{Integer, TokenInvalid};

/// The payload of a token, with the members of [`place`].
pub(super) type Claims<'p> = Payload<'p, 4>;

/// The actor's id, the time of creation and the duration in seconds, the restrictions.
pub(super) fn place(name: &[u8]) -> Option<usize> {
    const NAMES: [&[u8]; 4] = [b"a", b"t", b"d", b"_r"];
    NAMES.iter().position(|known| *known == name)
}

impl<'p> Claims<'p> {
    /// `a`, in Python's spelling.
    pub(super) fn actor_id(&self) -> Option<&'p [u8]> {
        self.member(0)
    }

    /// `t`, in Unix seconds.
    pub(super) fn created(&self) -> Option<Integer> {
        integer(self.member(1)?)
    }

    /// `_r`, in Python's spelling.
    pub(super) fn restrictions(&self) -> Option<&'p [u8]> {
        self.member(3)
    }

    /// When the token was made (Unix seconds), and how long it is valid (seconds): `t` and `d`,
    /// after the cap of `max_signed_tokens_ttl` (seconds). For both limits zero is none.
    pub(super) fn lifetime(&self, cap: u64) -> Result<(Integer, Option<Integer>), TokenInvalid> {
        let created = self.member(1).ok_or_else(|| self.no_timestamp())?;
        let created = integer(created).ok_or(TokenInvalid::Timestamp)?;
        let duration = match self.member(2) {
            None | Some(b"null") => None,
            Some(duration) => Some(integer(duration).ok_or(TokenInvalid::Duration)?),
        };
        let duration = duration
            .filter(|duration| cap == 0 || *duration <= cap.into())
            .unwrap_or_else(|| cap.into());
        Ok((created, Some(duration).filter(|duration| !duration.is_zero())))
    }

    /// Python's `"t" in decoded`, then `decoded["t"]`, on a payload that has none.
    fn no_timestamp(&self) -> TokenInvalid {
        let mut scanner = Scanner::with_keys(as_str(self.text), Rules::Python, Keys::default());
        let lacks_t = match scanner.peek_kind() {
            Ok(Kind::Object) => true,
            Ok(Kind::Array) => {
                let is_other = |value: RawValue<'_>| (value.text != r#""t""#).then_some(());
                each_element(as_str(self.text), is_other).is_some()
            }
            Ok(Kind::String) => {
                scanner.string().is_ok_and(|text| !text.to_python().as_wtf8().contains(&b't'))
            }
            _ => false,
        };
        if lacks_t { TokenInvalid::NoTimestamp } else { TokenInvalid::Malformed }
    }
}

/// What Python's `isinstance(value, int)` accepts: an `int` or a `bool`.
fn integer(json: &[u8]) -> Option<Integer> {
    match json {
        b"true" => Some(1.into()),
        b"false" => Some(0.into()),
        json => Integer::from_digits(json),
    }
}
