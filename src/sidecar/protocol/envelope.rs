//! One request: the members around `params`.

use std::ops::Range;

use pyjson::{
    Error as JsonError, ErrorKind as JsonErrorKind, Kind, MAX_DEPTH, RawString, RawValue, Scanner,
    Str,
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

/// Reads one value in the place of a request, and appends it to `elements` and the values of its
/// `params` to `given`.
///
/// Fails only if the value isn't JSON.
pub(super) fn read<'a>(
    scanner: &mut Scanner<'a>,
    elements: &mut Vec<Element<'a>>,
    given: &mut Vec<GivenParameter<'a>>,
) -> Result<(), JsonError> {
    let (outer_depth, first_param) = (scanner.depth(), given.len());
    let mut members = Members { outer_depth, first_param, ..Members::default() };
    if scanner.peek_kind()? == Kind::Object {
        members.read_all(scanner, given)?;
    } else {
        members.skip(scanner)?;
        members.is_other_value = true;
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
#[derive(Default)]
struct Members<'a> {
    /// How many containers are open around the Object.
    outer_depth: usize,
    /// Where the values of `params` begin in the list that all requests of a message share.
    first_param: usize,
    is_other_value: bool,
    is_version_2: bool,
    id: Option<RawId<'a>>,
    /// Whether no answer can carry the id, or one of several.
    has_wrong_id: bool,
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
    #[inline(always)]
    fn read_all(
        &mut self,
        scanner: &mut Scanner<'a>,
        given: &mut Vec<GivenParameter<'a>>,
    ) -> Result<(), JsonError> {
        scanner.begin_object()?;
        loop {
            if let Some(member) = Member::next(scanner) {
                self.read(member, scanner, given)?;
                continue;
            }
            match scanner.next_key() {
                Ok(Some(key)) => match Member::ALL.into_iter().find(|one| key.is(one.name())) {
                    Some(member) => self.read(member, scanner, given)?,
                    None => _ = self.skip(scanner)?,
                },
                Ok(None) => return Ok(()),
                Err(error) if error.kind() == JsonErrorKind::DuplicateKey => {
                    self.has_duplicates = true;
                    return Ok(());
                }
                Err(error) => return Err(error),
            }
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
        let is_repeated = std::mem::replace(&mut self.seen[member as usize], true);
        self.has_duplicates |= is_repeated;
        match member {
            Member::Version => {
                self.is_version_2 = self.string(scanner)?.is_some_and(|raw| raw.is("2.0"));
            }
            Member::Id => {
                let kind = scanner.peek_kind()?;
                self.id = Some(self.skip(scanner)?);
                let is_valid = matches!(kind, Kind::String | Kind::Number | Kind::Null);
                self.has_wrong_id = is_repeated || !is_valid;
            }
            Member::Method => {
                self.method = self.string(scanner)?.map(|raw| raw.to_python());
            }
            Member::Params => {
                // A duplicate is refused in the end. Until then its values must not pile up.
                given.truncate(self.first_param);
                self.has_wrong_params = !params::read(scanner, self.outer_depth, given)?;
            }
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

    /// Steps over a value, whose depth counts from the request.
    fn skip(&mut self, scanner: &mut Scanner<'a>) -> Result<&'a str, JsonError> {
        let RawValue { text, depth } = scanner.raw_value()?;
        self.is_too_deep |= depth - self.outer_depth > MAX_DEPTH;
        Ok(text)
    }

    #[inline(always)]
    fn finish(self, end_of_params: usize) -> Element<'a> {
        // In the documented order: the first that is wrong is answered.
        let problems = [
            (self.is_too_deep, "nested more than 512 levels deep"),
            (self.is_other_value, "a request is an Object"),
            (self.has_duplicates, "a member occurs twice"),
            (!self.is_version_2, "\"jsonrpc\" must be exactly \"2.0\""),
            (self.has_wrong_id, "\"id\" must be a String, a Number or Null"),
            (self.method.is_none(), "\"method\" must be a String"),
            (self.has_wrong_params, "\"params\" must be an Object or an Array"),
        ];
        if let Some((_, problem)) = problems.iter().find(|(is_there, _)| *is_there) {
            let kind =
                if self.is_too_deep { ErrorKind::TooLarge } else { ErrorKind::InvalidRequest };
            let failure = Failure::new(kind, format!("Invalid Request: {problem}"));
            let id = self.id.filter(|_| !self.has_wrong_id).unwrap_or(NULL_ID);
            return Err(InvalidRequest { id, failure: Box::new(failure) });
        }
        let (id, method) = (self.id, self.method.unwrap_or_default());
        Ok(Envelope { id, method, params: self.first_param..end_of_params })
    }
}
