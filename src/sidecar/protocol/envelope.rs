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
    let mut likely = 0;
    loop {
        if let Some(at) = scanner.next_known_key(Member::NAMES, likely) {
            members.read(Some(Member::ALL[at]), scanner, given)?;
            likely = at + 1;
            continue;
        }
        match scanner.next_key() {
            Ok(Some(key)) => {
                let at = Member::NAMES.iter().position(|name| key.is(name));
                members.read(at.map(|at| Member::ALL[at]), scanner, given)?;
            }
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

/// A member that means something.
#[derive(Clone, Copy)]
enum Member {
    Version,
    Id,
    Method,
    Params,
}

impl Member {
    /// In the order in which most programs write them.
    const ALL: [Self; 4] = [Self::Version, Self::Id, Self::Method, Self::Params];
    const NAMES: [&str; 4] = ["jsonrpc", "id", "method", "params"];
}

/// What the members of an Object say, as they are read.
struct Members<'a> {
    /// How many containers are open around the Object.
    outer_depth: usize,
    /// Where the values of `params` begin in the list that all requests of a message share.
    first_param: usize,
    is_version_2: bool,
    id: Option<Id<'a>>,
    /// How often each [`Member`] has occurred. The scanner finds other duplicates.
    counts: [u8; Member::ALL.len()],
    /// If it is a String.
    method: Option<Str<'a>>,
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
            counts: [0; Member::ALL.len()],
            method: None,
            has_wrong_params: false,
            has_duplicates: false,
            is_too_deep: false,
        }
    }

    /// Reads the value of a member. One that means nothing is skipped.
    #[inline(always)]
    fn read(
        &mut self,
        member: Option<Member>,
        scanner: &mut Scanner<'a>,
        given: &mut Vec<GivenParameter<'a>>,
    ) -> Result<(), JsonError> {
        if let Some(member) = member {
            let count = &mut self.counts[member as usize];
            *count = count.saturating_add(1);
        }
        match member {
            Some(Member::Version) => {
                self.is_version_2 = self.string(scanner)?.is_some_and(|raw| raw.is("2.0"));
            }
            Some(Member::Id) => {
                let kind = scanner.peek_kind()?;
                let is_valid = matches!(kind, Kind::String | Kind::Number | Kind::Null);
                self.id = Some(Id { text: self.skip(scanner)?, is_valid });
            }
            Some(Member::Method) => {
                self.method = self.string(scanner)?.map(|raw| raw.to_python());
            }
            Some(Member::Params) => {
                // A duplicate is refused in the end. Until then its values must not pile up.
                given.truncate(self.first_param);
                self.has_wrong_params = !params::read(scanner, self.outer_depth, given)?;
            }
            None => _ = self.skip(scanner)?,
        }
        Ok(())
    }

    /// Reads a String, or skips another value.
    #[inline(always)]
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
    fn finish(&mut self, end_of_params: usize) -> Element<'a> {
        let Self { id, first_param, counts, .. } = *self;
        match self.method() {
            Ok(method) => Ok(Envelope {
                id: id.map(|id| id.text),
                method,
                params: first_param..end_of_params,
            }),
            Err((kind, message)) => {
                let readable = id.filter(|id| id.is_valid && counts[Member::Id as usize] == 1);
                let id = readable.map_or(NULL_ID, |id| id.text);
                Err(InvalidRequest { id, failure: Box::new(Failure::new(kind, message)) })
            }
        }
    }

    /// The name of the method, or what is wrong first in the documented order.
    fn method(&mut self) -> Result<Str<'a>, (ErrorKind, &'static str)> {
        let invalid = |message| Err((ErrorKind::InvalidRequest, message));
        if self.is_too_deep {
            return Err((ErrorKind::TooLarge, TOO_DEEP));
        }
        if self.has_duplicates || self.counts.iter().any(|&count| count > 1) {
            return invalid(DUPLICATE_MEMBER);
        }
        if !self.is_version_2 {
            return invalid(WRONG_VERSION);
        }
        if self.id.is_some_and(|id| !id.is_valid) {
            return invalid(WRONG_ID);
        }
        let Some(method) = self.method.take() else { return invalid(WRONG_METHOD) };
        if self.has_wrong_params {
            return invalid(WRONG_PARAMS);
        }
        Ok(method)
    }
}
