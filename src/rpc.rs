//! Layer 3: the JSON-RPC 2.0 envelope, as pure functions from text to requests and from
//! answers to text.
//!
//! > "If there was an error in detecting the id in the Request object (e.g. Parse error/Invalid
//! > Request), it MUST be Null." (<https://www.jsonrpc.org/specification>)

mod envelope;

use std::borrow::Cow;

use crate::pyjson::{
    Error as JsonError, Kind, RawString, Scanner, write_string, write_wtf8_string,
};
use envelope::parse_request;

/// The errors that an answer may carry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is the data.kind of that name")]
pub enum ErrorKind {
    ParseError,
    InvalidRequest,
    TooLarge,
    MethodNotFound,
    InvalidParams,
    InternalError,
    NoSecret,
    BadSignature,
    BadPayload,
    TokenInvalid,
    SignedTokensDisabled,
    NotSupported,
    Policy,
}

impl ErrorKind {
    /// The member `code`.
    #[must_use]
    pub fn code(self) -> i32 {
        match self {
            Self::ParseError => -32700,
            Self::InvalidRequest | Self::TooLarge => -32600,
            Self::MethodNotFound => -32601,
            Self::InvalidParams => -32602,
            Self::InternalError => -32603,
            Self::NoSecret => 1,
            Self::BadSignature => 2,
            Self::BadPayload => 3,
            Self::TokenInvalid => 4,
            Self::SignedTokensDisabled => 5,
            Self::NotSupported => 6,
            Self::Policy => 7,
        }
    }

    /// The member `data.kind`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::ParseError => "parse_error",
            Self::InvalidRequest => "invalid_request",
            Self::TooLarge => "too_large",
            Self::MethodNotFound => "method_not_found",
            Self::InvalidParams => "invalid_params",
            Self::InternalError => "internal_error",
            Self::NoSecret => "no_secret",
            Self::BadSignature => "bad_signature",
            Self::BadPayload => "bad_payload",
            Self::TokenInvalid => "token_invalid",
            Self::SignedTokensDisabled => "signed_tokens_disabled",
            Self::NotSupported => "not_supported",
            Self::Policy => "policy",
        }
    }
}

/// An error, as an answer carries it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `code` and `data.kind`.
    pub kind: ErrorKind,
    /// `message`, for people.
    pub message: String,
    /// `data.param`: the parameter at fault, in WTF-8.
    pub param: Option<Vec<u8>>,
    /// `data.line`: the physical line, from 1.
    pub line: Option<u64>,
}

impl Failure {
    /// An error about nothing more particular.
    #[must_use]
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), param: None, line: None }
    }

    /// An error about a parameter.
    #[must_use]
    pub fn invalid_param(name: &[u8], message: impl Into<String>) -> Self {
        Self { param: Some(name.to_vec()), ..Self::new(ErrorKind::InvalidParams, message) }
    }
}

/// The id of a request, as it was written.
pub type RawId<'a> = &'a str;

/// The id of an answer to what had no readable id.
pub const NULL_ID: RawId<'static> = "null";

/// A request whose envelope is valid.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// `None` for a notification.
    pub id: Option<RawId<'a>>,
    /// The name of the method, in WTF-8.
    pub method: Cow<'a, [u8]>,
    /// What the method is called with.
    pub params: Params<'a>,
}

/// How many parameters a method may have.
pub const MAX_PARAMS: usize = 8;

/// The member `params`, by name or by position; none where it is absent or null.
#[derive(Clone, Debug, Default)]
pub struct Params<'a> {
    /// The first ones. One more is kept than a method can have: more could not be right either.
    given: Vec<Param<'a>>,
}

/// A value of `params`.
#[derive(Clone, Copy, Debug)]
pub struct Param<'a> {
    /// Its name, where params are given by name.
    pub name: Option<RawString<'a>>,
    /// Its JSON text.
    pub text: &'a str,
    /// How many containers are open in it at most.
    pub depth: usize,
}

impl<'a> Params<'a> {
    /// Reads `params`, where they are an Object, an Array or null.
    ///
    /// # Errors
    /// When they are no JSON.
    pub fn read(scanner: &mut Scanner<'a>) -> Result<Self, JsonError> {
        let by_name = match scanner.peek_kind()? {
            Kind::Object => true,
            Kind::Array => false,
            _ => {
                scanner.skip_value()?;
                return Ok(Self::default());
            }
        };
        if by_name {
            scanner.begin_object()?;
        } else {
            scanner.begin_array()?;
        }
        let mut given = Vec::with_capacity(MAX_PARAMS + 1);
        let mut count = 0;
        loop {
            let name = if by_name { scanner.next_key(count == 0)? } else { None };
            if name.is_none() && (by_name || !scanner.next_element(count == 0)?) {
                return Ok(Self { given });
            }
            let (text, depth) = scanner.raw_value()?;
            if count <= MAX_PARAMS {
                given.push(Param { name, text, depth });
            }
            count += 1;
        }
    }

    /// The values in the order in which they were given.
    pub fn iter(&self) -> impl Iterator<Item = &Param<'a>> {
        self.given.iter()
    }
}

/// What one JSON text asks for.
pub enum Message<'a> {
    /// Not a batch: a request, or why it is none and under which id to say so.
    Single(Result<Request<'a>, InvalidRequest<'a>>),
    /// A batch, still to be read.
    Batch(Batch<'a>),
}

/// A JSON text in the place of a request that is none.
#[derive(Clone, Debug)]
pub struct InvalidRequest<'a> {
    /// The id under which to answer.
    pub id: RawId<'a>,
    /// What is wrong.
    pub failure: Failure,
}

impl InvalidRequest<'_> {
    /// One that has no id.
    #[must_use]
    pub fn without_id(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { id: NULL_ID, failure: Failure::new(kind, message) }
    }
}

/// Reads one JSON text, with at most `max_batch` requests in a batch.
///
/// # Errors
/// When it is no JSON.
pub fn parse(text: &str, max_batch: usize) -> Result<Message<'_>, JsonError> {
    let mut scanner = Scanner::new(text);
    if scanner.peek_kind()? != Kind::Array {
        let request = parse_request(&mut scanner)?;
        scanner.end()?;
        return Ok(Message::Single(request));
    }
    // All of the line must be JSON before any of it is answered.
    let batch = scanner.clone();
    scanner.begin_array()?;
    let mut length = 0;
    while scanner.next_element(length == 0)? {
        scanner.skip_value()?;
        length += 1;
    }
    scanner.end()?;
    Ok(match length {
        0 => Message::Single(Err(InvalidRequest::without_id(
            ErrorKind::InvalidRequest,
            "Invalid Request: the batch is empty",
        ))),
        _ if length > max_batch => Message::Single(Err(InvalidRequest::without_id(
            ErrorKind::TooLarge,
            format!("Invalid Request: a batch of {length} is over --max-batch ({max_batch})"),
        ))),
        _ => Message::Batch(Batch { scanner: batch, first: true }),
    })
}

/// The elements of a batch that is known to be valid JSON.
pub struct Batch<'a> {
    scanner: Scanner<'a>,
    first: bool,
}

impl<'a> Iterator for Batch<'a> {
    type Item = Result<Request<'a>, InvalidRequest<'a>>;

    fn next(&mut self) -> Option<Self::Item> {
        let first = std::mem::replace(&mut self.first, false);
        if first {
            self.scanner.begin_array().ok()?;
        }
        if !self.scanner.next_element(first).ok()? {
            return None;
        }
        parse_request(&mut self.scanner).ok()
    }
}

/// Appends the beginning of an answer, up to its result, which is to follow.
pub fn begin_result(out: &mut Vec<u8>, id: RawId<'_>) {
    begin(out, id);
    out.extend_from_slice(br#","result":"#);
}

/// Appends the end of an answer that [`begin_result`] began.
pub fn end_result(out: &mut Vec<u8>) {
    out.push(b'}');
}

/// Appends an answer with an error.
pub fn write_error(out: &mut Vec<u8>, id: RawId<'_>, failure: &Failure) {
    begin(out, id);
    out.extend_from_slice(format!(r#","error":{{"code":{}"#, failure.kind.code()).as_bytes());
    out.extend_from_slice(br#","message":"#);
    write_string(out, &failure.message);
    out.extend_from_slice(br#","data":{"kind":"#);
    write_string(out, failure.kind.name());
    if let Some(param) = &failure.param {
        out.extend_from_slice(br#","param":"#);
        write_wtf8_string(out, param);
    }
    if let Some(line) = failure.line {
        out.extend_from_slice(format!(r#","line":{line}"#).as_bytes());
    }
    out.extend_from_slice(b"}}}");
}

fn begin(out: &mut Vec<u8>, id: RawId<'_>) {
    out.extend_from_slice(br#"{"jsonrpc":"2.0","id":"#);
    out.extend_from_slice(id.as_bytes());
}
