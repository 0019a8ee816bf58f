//! The errors that an answer may carry, each once.

use std::borrow::Cow;

use pyjson::Str;

/// Makes the enum and its columns from one table.
macro_rules! errors {
    ($($kind:ident, $code:literal, $name:literal, $when:literal;)*) => {
        /// The kinds of errors, in the order of `docs/reference/protocol.md`.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum ErrorKind {
            $(#[doc = $when] $kind,)*
        }

        impl ErrorKind {
            /// All kinds.
            pub const ALL: &[Self] = &[$(Self::$kind),*];

            /// The member `code`. [`ErrorKind::TooLarge`] shares that of
            /// [`ErrorKind::InvalidRequest`], any other kind has its own.
            pub fn code(self) -> i32 {
                match self { $(Self::$kind => $code),* }
            }

            /// The member `data.kind`.
            pub fn name(self) -> &'static str {
                match self { $(Self::$kind => $name),* }
            }

            /// When it is answered.
            pub fn when(self) -> &'static str {
                match self { $(Self::$kind => $when),* }
            }
        }
    };
}

errors! {
    ParseError, -32700, "parse_error",
        "The line or frame is not JSON. `data.line` is its number, from 1; blank and oversized lines count.";
    InvalidRequest, -32600, "invalid_request",
        "The JSON text is not a Request.";
    TooLarge, -32600, "too_large",
        "The line or frame, the batch, its responses or the nesting exceeds a limit.";
    MethodNotFound, -32601, "method_not_found",
        "There is no such method.";
    InvalidParams, -32602, "invalid_params",
        "A parameter is missing, unknown or wrong. `data.param` names it, with at most 40 characters of an unknown name. It is `params` if there are too many values by position, or an unknown name looks like a token.";
    InternalError, -32603, "internal_error",
        "There is a bug in dstok. The next request is answered as usual.";
    NoSecret, 1, "no_secret",
        "No secret is configured yet.";
    BadSignature, 2, "bad_signature",
        "`unsign` got a value with a wrong signature: itsdangerous's `BadSignature`.";
    BadPayload, 3, "bad_payload",
        "The signature is valid, but the payload is not: itsdangerous's `BadPayload`. Its base64, zlib, UTF-8 or JSON is broken, it exceeds `--max-payload`, it is nested more than 512 levels deep, or the result would hold `NaN` or an infinity, which JSON cannot carry.";
    TokenInvalid, 4, "token_invalid",
        "The token or cookie is invalid: Datasette's `TokenInvalid`, with Datasette's own message.";
    SignedTokensDisabled, 5, "signed_tokens_disabled",
        "The setting `allow_signed_tokens` is off: Datasette's `ValueError` from `create_token`, since 1.0a25.";
    NotSupported, 6, "not_supported",
        "The selected release of Datasette does not support this.";
    Policy, 7, "policy",
        "An option of the process forbids it, or the audit log cannot be written.";
}

impl ErrorKind {
    /// The kind that a code stands for: the more general one where two share it.
    pub fn from_code(code: i64) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| i64::from(kind.code()) == code)
    }
}

/// An error, as an answer carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Decides `code` and `data.kind`.
    pub kind: ErrorKind,
    /// The member `message`, for people.
    pub message: Cow<'static, str>,
    /// The member `data.param`: the parameter at fault.
    pub param: Option<Str<'static>>,
    /// The member `data.line`: the number of the physical line or of the frame, from 1.
    pub line: Option<u64>,
}

impl Failure {
    /// An error without `data.param` and `data.line`.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self { kind, message: message.into(), param: None, line: None }
    }

    /// An error about a parameter.
    #[must_use]
    pub fn invalid_param(name: impl Into<Str<'static>>, message: String) -> Self {
        Self { param: Some(name.into()), ..Self::new(ErrorKind::InvalidParams, message) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_has_one_kind_except_that_of_an_invalid_request() {
        for kind in ErrorKind::ALL {
            let found = ErrorKind::from_code(kind.code().into());
            let expected =
                if *kind == ErrorKind::TooLarge { ErrorKind::InvalidRequest } else { *kind };
            assert_eq!(found, Some(expected));
        }
        assert_eq!(ErrorKind::from_code(-32000), None);
    }
}
