//! What a token carries, read from the payload that was signed.

use datasette_tokens::Integer;
use pyjson::members;

/// The claims of a token that this process has just made.
#[derive(Debug)]
pub(super) struct Claims<'a> {
    /// `a`, as JSON.
    pub(super) actor_id: &'a str,
    /// `t`, in Unix seconds.
    pub(super) created: Integer,
    /// When the token stops working (Unix seconds): `t` plus `d`. `None` if it never does.
    ///
    /// `max_signed_tokens_ttl` doesn't count, because `configure` can change it afterwards.
    pub(super) expires: Option<Integer>,
    /// `_r`, as JSON.
    pub(super) restrictions: Option<&'a str>,
}

impl<'a> Claims<'a> {
    /// Reads a payload. `None` if it isn't that of a token.
    pub(super) fn read(payload: &'a [u8]) -> Option<Self> {
        let [actor_id, created, duration, restrictions] =
            members(std::str::from_utf8(payload).ok()?, ["a", "t", "d", "_r"])?;
        let created = Integer::from_digits(created?.as_bytes())?;
        let expires = match duration {
            Some(duration) => Some(&created + &Integer::from_digits(duration.as_bytes())?),
            None => None,
        };
        Some(Self { actor_id: actor_id?, created, expires, restrictions })
    }

    /// Checks that the token ends when [`Claims::expires`] says. Datasette computes the age as
    /// `time.time() - t`, a float. From 2^53 seconds on it isn't exact, and a token could work for
    /// years longer.
    ///
    /// # Errors
    /// The token is created too far from the present.
    pub(super) fn check_exact(&self) -> Result<(), String> {
        // The rounding error is then below a sixteenth of a second.
        const EXACT: i64 = 1 << 48;
        match self.created.to_i64() {
            Some(created) if (-EXACT..=EXACT).contains(&created) => Ok(()),
            _ => Err("now is too far from the present: Datasette would round the end of the \
                      token; choose a now within 2^48 seconds of 1970"
                .to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_is_that_of_the_payload() {
        let read = |payload: &'static str| Claims::read(payload.as_bytes()).unwrap();
        let claims = read(r#"{"a":"x","token":"dstok","t":5,"d":-7}"#);
        assert_eq!((claims.actor_id, claims.expires), (r#""x""#, Some((-2).into())));
        let claims = read(r#"{"a":{"t":1},"t":5,"_r":{"a":["vi"]}}"#);
        assert_eq!((claims.created, claims.expires), (5.into(), None));
        assert_eq!(claims.restrictions, Some(r#"{"a":["vi"]}"#));
    }

    #[test]
    fn nothing_else_is_taken_for_a_token() {
        for payload in ["", "[]", r#"{"a":1}"#, r#"{"t":1}"#, r#"{"a":1,"t":1.5}"#] {
            assert!(Claims::read(payload.as_bytes()).is_none(), "{payload}");
        }
        for duration in ["null", "1.5", "true", r#""1""#] {
            let payload = format!(r#"{{"a":1,"t":1,"d":{duration}}}"#);
            assert!(Claims::read(payload.as_bytes()).is_none(), "{payload}");
        }
    }
}
