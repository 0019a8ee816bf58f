//! One request: the members around `params`.

use std::ops::Range;

use pyjson::{
    Error as JsonError, ErrorKind as JsonErrorKind, Kind, MAX_DEPTH, RawString, RawValue, Scanner,
    Str,
};

use super::error::{ErrorKind, Failure};
use super::params::{self, GivenParameter};

/// The id of a request, as it is spelled.
pub type RawId<'a> = &'a str;

/// The id of an answer if the request has no readable one.
///
/// > "If there was an error in detecting the id in the Request object (e.g. Parse error/Invalid
/// > Request), it MUST be Null."
pub const NULL_ID: RawId<'static> = "null";

/// One value in the place of a request.
#[derive(Debug)]
pub struct Request<'a> {
    /// The id to answer under. `None` for a notification.
    pub id: Option<RawId<'a>>,
    /// The name of the method, or why the value isn't a request. Boxed, because the processor waits
    /// where a large value is moved.
    pub method: Result<Str<'a>, Box<Failure>>,
    /// Where the values of its `params` are among those of all requests of a message.
    pub(super) params: Range<usize>,
}

impl<'a> Request<'a> {
    /// What isn't a request, and what is wrong with it.
    pub(super) fn invalid(id: Option<RawId<'a>>, failure: Failure) -> Self {
        Self { id: id.or(Some(NULL_ID)), method: Err(Box::new(failure)), params: 0..0 }
    }
}

/// Reads one value in the place of a request, and appends the values of its `params` to `given`.
///
/// Fails only if the value isn't JSON.
#[inline(always)]
pub(super) fn read<'a>(
    scanner: &mut Scanner<'a>,
    given: &mut Vec<GivenParameter<'a>>,
) -> Result<Request<'a>, JsonError> {
    let (outer_depth, first_param) = (scanner.depth(), given.len());
    let mut members = Members { outer_depth, first_param, ..Members::default() };
    if scanner.peek_kind()? == Kind::Object {
        members.read_all(scanner, given)?;
    } else {
        members.skip(scanner)?;
        members.is_other_value = true;
    }
    Ok(members.finish(given.len()))
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
    /// The one whose name `is` accepts. Tries them in the order in which most programs write them.
    #[inline(always)]
    fn find(mut is: impl FnMut(&'static str) -> bool) -> Option<Self> {
        // Not a loop: where the compiler knows each name, no comparison needs a call.
        let mut try_one = |member, name| is(name).then_some(member);
        try_one(Self::Version, "jsonrpc")
            .or_else(|| try_one(Self::Id, "id"))
            .or_else(|| try_one(Self::Method, "method"))
            .or_else(|| try_one(Self::Params, "params"))
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
    seen: [bool; 4],
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
            let known = scanner
                .peek_key()
                .and_then(|rest| Member::find(|name| scanner.skip_known_key(rest, name)));
            if let Some(member) = known {
                self.read(member, scanner, given)?;
                continue;
            }
            match scanner.next_key() {
                Ok(Some(key)) => match Member::find(|name| key.is(name)) {
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
                self.id = Some(self.skip(scanner)?.text);
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
    fn skip(&mut self, scanner: &mut Scanner<'a>) -> Result<RawValue<'a>, JsonError> {
        let value = scanner.raw_value()?;
        self.is_too_deep |= value.depth - self.outer_depth > MAX_DEPTH;
        Ok(value)
    }

    #[inline(always)]
    fn finish(self, end_of_params: usize) -> Request<'a> {
        // In the documented order: the first that is wrong is answered.
        let problem = match self.method {
            _ if self.is_too_deep => "nested more than 512 levels deep",
            _ if self.is_other_value => "a request must be an Object",
            _ if self.has_duplicates => "a member is given twice",
            _ if !self.is_version_2 => "\"jsonrpc\" must be exactly \"2.0\"",
            _ if self.has_wrong_id => "\"id\" must be a String, a Number or Null",
            None => "\"method\" must be a String",
            _ if self.has_wrong_params => "\"params\" must be an Object or an Array",
            Some(method) => {
                let params = self.first_param..end_of_params;
                return Request { id: self.id, method: Ok(method), params };
            }
        };
        let kind = if self.is_too_deep { ErrorKind::TooLarge } else { ErrorKind::InvalidRequest };
        let failure = Failure::new(kind, format!("Invalid Request: {problem}"));
        Request::invalid(self.id.filter(|_| !self.has_wrong_id), failure)
    }
}
