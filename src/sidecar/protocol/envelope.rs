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
        let problem = if members.is_too_deep { TOO_DEEP } else { NOT_AN_OBJECT };
        elements.push(members.invalid(problem));
        return Ok(());
    }
    scanner.begin_object()?;
    loop {
        if let Some(member) = Member::next(scanner) {
            members.read(member, scanner, given)?;
            continue;
        }
        match scanner.next_key() {
            Ok(Some(key)) => match Member::ALL.into_iter().find(|member| key.is(member.name())) {
                Some(member) => members.read(member, scanner, given)?,
                None => _ = members.skip(scanner)?,
            },
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

/// The value of a JSON text, if it is a String.
fn as_string(text: &str) -> Option<RawString<'_>> {
    RawValue { text, depth: 0 }.as_string()
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

    #[inline(always)]
    fn name(self) -> &'static str {
        match self {
            Self::Version => "jsonrpc",
            Self::Id => "id",
            Self::Method => "method",
            Self::Params => "params",
        }
    }

    /// Steps over the next key if it is one of these, spelled as most programs spell it.
    #[inline(always)]
    fn next(scanner: &mut Scanner<'_>) -> Option<Self> {
        // Not a loop: where the compiler knows each name, no comparison needs a call.
        let mut is_next = |member: Self| scanner.skip_known_key(member.name()).then_some(member);
        is_next(Self::Version)
            .or_else(|| is_next(Self::Id))
            .or_else(|| is_next(Self::Method))
            .or_else(|| is_next(Self::Params))
    }
}

/// What the members of an Object say, as they are read.
struct Members<'a> {
    /// How many containers are open around the Object.
    outer_depth: usize,
    /// Where the values of `params` begin in the list that all requests of a message share.
    first_param: usize,
    is_version_2: bool,
    /// How it is spelled, and whether it may be answered under: it is of the right kind and occurs
    /// once.
    id: Option<(RawId<'a>, bool)>,
    /// If it is a String.
    method: Option<Str<'a>>,
    has_wrong_params: bool,
    /// Whether each [`Member`] has occurred. The scanner finds other duplicates.
    seen: [bool; Member::ALL.len()],
    has_duplicates: bool,
    /// Whether a member other than `params` is nested too deep. Depth counts from the request.
    is_too_deep: bool,
}

impl<'a> Members<'a> {
    fn new(outer_depth: usize, first_param: usize) -> Self {
        Self {
            outer_depth,
            first_param,
            is_version_2: false,
            id: None,
            method: None,
            has_wrong_params: false,
            seen: [false; Member::ALL.len()],
            has_duplicates: false,
            is_too_deep: false,
        }
    }

    /// Reads the value of a member.
    #[inline(always)]
    fn read(
        &mut self,
        member: Member,
        scanner: &mut Scanner<'a>,
        given: &mut Vec<GivenParameter<'a>>,
    ) -> Result<(), JsonError> {
        self.has_duplicates |= std::mem::replace(&mut self.seen[member as usize], true);
        match member {
            Member::Version => {
                self.is_version_2 = match scanner.plain_string() {
                    Some(version) => version == "2.0",
                    None => as_string(self.skip(scanner)?).is_some_and(|raw| raw.is("2.0")),
                };
            }
            Member::Id => {
                let kind = scanner.peek_kind()?;
                let is_valid = matches!(kind, Kind::String | Kind::Number | Kind::Null);
                self.id = Some((self.skip(scanner)?, is_valid && self.id.is_none()));
            }
            Member::Method => {
                self.method = match scanner.plain_string() {
                    Some(method) => Some(method.into()),
                    None => as_string(self.skip(scanner)?).map(|raw| raw.to_python()),
                };
            }
            Member::Params => {
                // A duplicate is refused in the end. Until then its values must not pile up.
                given.truncate(self.first_param);
                self.has_wrong_params = !params::read(scanner, self.outer_depth, given)?;
            }
        }
        Ok(())
    }

    fn skip(&mut self, scanner: &mut Scanner<'a>) -> Result<&'a str, JsonError> {
        let RawValue { text, depth } = scanner.raw_value()?;
        self.is_too_deep |= RawValue { text, depth: depth - self.outer_depth }.is_too_deep();
        Ok(text)
    }

    #[cold]
    fn invalid(&self, message: &'static str) -> Element<'a> {
        let kind = match message {
            TOO_DEEP => ErrorKind::TooLarge,
            _ => ErrorKind::InvalidRequest,
        };
        let id = self.id.filter(|&(_, is_valid)| is_valid).map_or(NULL_ID, |(id, _)| id);
        Err(InvalidRequest { id, failure: Box::new(Failure::new(kind, message)) })
    }

    #[inline(always)]
    fn finish(mut self, end_of_params: usize) -> Element<'a> {
        // In the documented order.
        if self.is_too_deep {
            return self.invalid(TOO_DEEP);
        }
        if self.has_duplicates {
            return self.invalid(DUPLICATE_MEMBER);
        }
        if !self.is_version_2 {
            return self.invalid(WRONG_VERSION);
        }
        if self.id.is_some_and(|(_, is_valid)| !is_valid) {
            return self.invalid(WRONG_ID);
        }
        match self.method.take() {
            None => self.invalid(WRONG_METHOD),
            Some(_) if self.has_wrong_params => self.invalid(WRONG_PARAMS),
            Some(method) => Ok(Envelope {
                id: self.id.map(|(id, _)| id),
                method,
                params: self.first_param..end_of_params,
            }),
        }
    }
}
