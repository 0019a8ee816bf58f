//! One request: the members around `params`.

use std::ops::Range;

use pyjson::{
    Error as JsonError, ErrorKind as JsonErrorKind, Kind, RawString, RawValue, Scanner, Str,
};

use super::error::{ErrorKind, Failure};
use super::params::{self, GivenParameter, Params};

/// The id of a request, as it is spelled.
pub type RawId<'a> = &'a str;

/// The id of an answer if the request has no readable one.
///
/// > "If there was an error in detecting the id in the Request object (e.g. Parse error/Invalid
/// > Request), it MUST be Null."
pub const NULL_ID: RawId<'static> = "null";

/// A request whose envelope is valid.
#[derive(Clone, Copy, Debug)]
pub struct Request<'a> {
    /// `None` for a notification.
    pub id: Option<RawId<'a>>,
    /// The name of the method.
    pub method: &'a Str<'a>,
    /// The values of its `params`.
    pub params: &'a Params<'a>,
}

/// A JSON text in the place of a request that isn't one.
#[derive(Clone, Debug)]
pub struct InvalidRequest<'a> {
    /// The id to answer under.
    pub id: RawId<'a>,
    /// What is wrong. Boxed, because the processor waits where a large value is moved.
    pub failure: Box<Failure>,
}

impl InvalidRequest<'_> {
    pub(super) fn without_id(failure: Failure) -> Self {
        Self { id: NULL_ID, failure: Box::new(failure) }
    }
}

/// A request whose values of `params` are kept elsewhere, together with those of other requests.
#[derive(Debug)]
pub(super) struct Envelope<'a> {
    id: Option<RawId<'a>>,
    method: Str<'a>,
    params: Range<usize>,
}

impl<'a> Envelope<'a> {
    pub(super) fn request<'s>(&'s self, given: &'s [GivenParameter<'a>]) -> Request<'s> {
        Request { id: self.id, method: &self.method, params: &given[self.params.clone()] }
    }
}

/// A value in the place of a request.
pub(super) type Element<'a> = Result<Envelope<'a>, InvalidRequest<'a>>;

const NOT_AN_OBJECT: &str = "Invalid Request: a request is an Object";
const TOO_DEEP: &str = "Invalid Request: nested more than 512 levels deep";
const DUPLICATE_MEMBER: &str = "Invalid Request: a member occurs twice";
const WRONG_VERSION: &str = "Invalid Request: \"jsonrpc\" must be exactly \"2.0\"";
const WRONG_ID: &str = "Invalid Request: \"id\" must be a String, a Number or Null";
const WRONG_METHOD: &str = "Invalid Request: \"method\" must be a String";
const WRONG_PARAMS: &str = "Invalid Request: \"params\" must be an Object or an Array";

/// Reads one value in the place of a request, and appends it to `elements` and the values of its
/// `params` to `given`.
///
/// Fails only if the value isn't JSON.
pub(super) fn read<'a>(
    scanner: &mut Scanner<'a>,
    elements: &mut Vec<Element<'a>>,
    given: &mut Vec<GivenParameter<'a>>,
) -> Result<(), JsonError> {
    let mut members = Members::new(scanner.depth(), given.len());
    if scanner.peek_kind()? != Kind::Object {
        members.skip(scanner)?;
        let problem = if members.is_too_deep {
            Failure::new(ErrorKind::TooLarge, TOO_DEEP)
        } else {
            Failure::new(ErrorKind::InvalidRequest, NOT_AN_OBJECT)
        };
        elements.push(Err(InvalidRequest::without_id(problem)));
        return Ok(());
    }
    scanner.begin_object()?;
    loop {
        match scanner.next_key() {
            Ok(Some(name)) if name.is_escaped() => members.read_escaped(&name, scanner, given)?,
            Ok(Some(name)) => members.read(name.bytes(), scanner, given)?,
            Ok(None) => break,
            Err(error) if error.kind() == JsonErrorKind::DuplicateKey => {
                members.has_duplicates = true;
                break;
            }
            Err(error) => return Err(error),
        }
    }
    elements.push(members.finish(given.len()));
    Ok(())
}

/// What the members of an Object say, as they are read.
struct Members<'a> {
    /// How many containers are open around the Object.
    outer_depth: usize,
    /// Where the values of `params` begin in the list that all requests of a message share.
    first_param: usize,
    is_version_2: bool,
    id: Option<Id<'a>>,
    has_two_ids: bool,
    /// If it is a String.
    method: Option<RawString<'a>>,
    has_wrong_params: bool,
    has_duplicates: bool,
    /// Whether a member other than `params` is nested too deep. Depth counts from the request.
    is_too_deep: bool,
}

#[derive(Clone, Copy)]
struct Id<'a> {
    text: RawId<'a>,
    is_valid: bool,
}

impl<'a> Members<'a> {
    fn new(outer_depth: usize, first_param: usize) -> Self {
        Self {
            outer_depth,
            first_param,
            is_version_2: false,
            id: None,
            has_two_ids: false,
            method: None,
            has_wrong_params: false,
            has_duplicates: false,
            is_too_deep: false,
        }
    }

    /// Reads the value of a member.
    #[inline(always)]
    fn read(
        &mut self,
        name: &[u8],
        scanner: &mut Scanner<'a>,
        given: &mut Vec<GivenParameter<'a>>,
    ) -> Result<(), JsonError> {
        match name {
            b"jsonrpc" => {
                let version = self.string(scanner)?;
                self.is_version_2 = version.is_some_and(|version| version.is("2.0"));
            }
            b"id" => {
                let kind = scanner.peek_kind()?;
                let is_valid = matches!(kind, Kind::String | Kind::Number | Kind::Null);
                let id = Id { text: self.skip(scanner)?, is_valid };
                self.has_two_ids |= self.id.replace(id).is_some();
            }
            b"method" => self.method = self.string(scanner)?,
            b"params" => {
                // A duplicate is refused in the end. Until then its values must not pile up.
                given.truncate(self.first_param);
                self.has_wrong_params = !params::read(scanner, self.outer_depth, given)?;
            }
            _ => _ = self.skip(scanner)?,
        }
        Ok(())
    }

    /// The same if the name is spelled with escapes.
    #[cold]
    fn read_escaped(
        &mut self,
        name: &RawString<'a>,
        scanner: &mut Scanner<'a>,
        given: &mut Vec<GivenParameter<'a>>,
    ) -> Result<(), JsonError> {
        self.read(name.to_python().as_wtf8(), scanner, given)
    }

    /// Reads a value, if it is a String; skips any other.
    #[inline]
    fn string(&mut self, scanner: &mut Scanner<'a>) -> Result<Option<RawString<'a>>, JsonError> {
        if scanner.peek_kind()? == Kind::String {
            return scanner.string().map(Some);
        }
        self.skip(scanner)?;
        Ok(None)
    }

    fn skip(&mut self, scanner: &mut Scanner<'a>) -> Result<&'a str, JsonError> {
        let RawValue { text, depth } = scanner.raw_value()?;
        self.is_too_deep |= RawValue { text, depth: depth - self.outer_depth }.is_too_deep();
        Ok(text)
    }

    #[inline(always)]
    fn finish(&self, end_of_params: usize) -> Element<'a> {
        let Self { id, has_two_ids, first_param, .. } = *self;
        match self.method() {
            Ok(method) => Ok(Envelope {
                id: id.map(|id| id.text),
                method: method.to_python(),
                params: first_param..end_of_params,
            }),
            Err((kind, message)) => {
                let readable = id.filter(|id| id.is_valid && !has_two_ids);
                let id = readable.map_or(NULL_ID, |id| id.text);
                Err(InvalidRequest { id, failure: Box::new(Failure::new(kind, message)) })
            }
        }
    }

    /// The name of the method, or what is wrong first in the documented order.
    fn method(&self) -> Result<RawString<'a>, (ErrorKind, &'static str)> {
        let invalid = |message| Err((ErrorKind::InvalidRequest, message));
        if self.is_too_deep {
            return Err((ErrorKind::TooLarge, TOO_DEEP));
        }
        if self.has_duplicates {
            return invalid(DUPLICATE_MEMBER);
        }
        if !self.is_version_2 {
            return invalid(WRONG_VERSION);
        }
        if self.id.is_some_and(|id| !id.is_valid) {
            return invalid(WRONG_ID);
        }
        let Some(method) = self.method else { return invalid(WRONG_METHOD) };
        if self.has_wrong_params {
            return invalid(WRONG_PARAMS);
        }
        Ok(method)
    }
}
