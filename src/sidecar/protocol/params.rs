//! The member `params` of a request.

use pyjson::{Error as JsonError, ErrorKind as JsonErrorKind, Kind, RawString, RawValue, Scanner};

/// How many parameters a method may have.
pub const MAX_PARAMETERS: usize = 8;

/// With one more than a method can have, the call is known to have too many.
const MAX_KEPT: usize = MAX_PARAMETERS + 1;

/// The values of `params` in the order in which they were given, at most [`MAX_PARAMETERS`] + 1 of
/// them.
pub type Params<'a> = [GivenParameter<'a>];

/// One value of `params`.
#[derive(Clone, Copy, Debug)]
pub struct GivenParameter<'a> {
    /// Its name, if params are given by name.
    pub name: Option<RawString<'a>>,
    /// Its spelling. The depth counts from the request, which is the first open container.
    pub value: RawValue<'a>,
}

/// Reads the member `params` of the request that begins inside of `outer_depth` containers, and
/// appends its values to `given`. Says whether it is an Object, an Array or null, as it must be.
///
/// A name may occur twice. Binding the values finds it, with a message that names the parameter.
pub(super) fn read<'a>(
    scanner: &mut Scanner<'a>,
    outer_depth: usize,
    given: &mut Vec<GivenParameter<'a>>,
) -> Result<bool, JsonError> {
    let kind = scanner.peek_kind()?;
    match kind {
        Kind::Object => scanner.begin_object()?,
        Kind::Array => scanner.begin_array()?,
        _ => {
            scanner.raw_value()?;
            return Ok(kind == Kind::Null);
        }
    }
    given.reserve(MAX_KEPT);
    let first = given.len();
    loop {
        let name = match kind {
            Kind::Object => match scanner.next_key() {
                Ok(Some(name)) => Some(name),
                Err(error) if error.kind() != JsonErrorKind::DuplicateKey => return Err(error),
                Ok(None) | Err(_) => return Ok(true),
            },
            _ if scanner.next_element()? => None,
            _ => return Ok(true),
        };
        let RawValue { text, depth } = scanner.raw_value()?;
        if given.len() - first < MAX_KEPT {
            let value = RawValue { text, depth: depth - outer_depth };
            given.push(GivenParameter { name, value });
        }
    }
}
