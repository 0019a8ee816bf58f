//! From `params`, by name or by position, to the parameters of a method.

use std::borrow::Cow;
use std::fmt::Display;

use datasette_tokens::Integer;
use pyjson::{
    Error as JsonError, ErrorKind as JsonErrorKind, Keys, Kind, Number, RawValue, Rules, Scanner,
    Str,
};

use super::parameter::Parameter;
use crate::names::{beginning, nearest};
use crate::sidecar::protocol::{Failure, MAX_PARAMETERS, Params};

/// The arguments of one call.
pub(super) struct Args<'a> {
    parameters: &'static [Parameter],
    /// JSON texts; `None` where nothing was given.
    values: [Option<&'a str>; MAX_PARAMETERS],
}

impl<'a> Args<'a> {
    /// No arguments yet. To be bound in place: the processor waits where a large value is moved.
    pub(super) fn new(parameters: &'static [Parameter]) -> Self {
        Self { parameters, values: [None; MAX_PARAMETERS] }
    }

    /// Binds `params` to the parameters of the method.
    pub(super) fn bind(&mut self, params: &Params<'a>) -> Result<(), Failure> {
        let parameters = self.parameters;
        for (position, given) in params.iter().enumerate() {
            let at = match (&given.name, parameters.get(position)) {
                // Many programs write the parameters in their order.
                (Some(name), Some(likely)) if name.is(likely.name) => position,
                (Some(name), _) => self.position(&name.to_python())?,
                (None, Some(_)) => position,
                (None, None) => {
                    let problem = format_args!("must have at most {} values", parameters.len());
                    return Err(invalid("params", problem));
                }
            };
            self.set(at, given.value)?;
        }
        self.check_required()
    }

    /// Binds members of an object, each given by name.
    pub(super) fn bind_members<'n>(
        &mut self,
        members: impl IntoIterator<Item = (&'n str, RawValue<'a>)>,
    ) -> Result<(), Failure> {
        for (name, value) in members {
            self.set(self.position(&name.into())?, value)?;
        }
        self.check_required()
    }

    fn position(&self, name: &Str<'_>) -> Result<usize, Failure> {
        let known = self.parameters.iter().position(|parameter| name == parameter.name);
        known.ok_or_else(|| self.unknown(name))
    }

    #[cold]
    fn unknown(&self, name: &Str<'_>) -> Failure {
        let names: Vec<_> = self.parameters.iter().map(|parameter| parameter.name).collect();
        let known = match (&names[..], nearest(name, names.iter().copied())) {
            ([], _) => "the method takes no parameters".to_owned(),
            (_, Some(nearest)) => format!("did you mean {nearest}?"),
            (_, None) => format!("the parameters are {}", names.join(", ")),
        };
        let Some(beginning) = beginning(name) else {
            let problem = format_args!("has a name that looks like a token; {known}");
            return invalid("params", problem);
        };
        let mut shown = Vec::new();
        beginning.write(&mut shown);
        let shown = String::from_utf8_lossy(&shown);
        let more = if beginning == *name { "" } else { "…" };
        Failure::invalid_param(beginning, format!("unknown parameter {shown}{more}; {known}"))
    }

    fn set(&mut self, at: usize, value: RawValue<'a>) -> Result<(), Failure> {
        let name = self.parameters[at].name;
        if value.is_too_deep() {
            return Err(invalid(name, JsonErrorKind::TooDeep));
        }
        if self.values[at].replace(value.text).is_some() {
            return Err(invalid(name, "is given twice"));
        }
        Ok(())
    }

    fn check_required(&self) -> Result<(), Failure> {
        // They come before the optional ones.
        let required = self.parameters.iter().take_while(|parameter| parameter.is_required);
        let missing = required.zip(&self.values).find(|(_, value)| value.is_none());
        missing.map_or(Ok(()), |(parameter, _)| Err(invalid(parameter.name, "is required")))
    }

    /// The values of the first `N` parameters. A method takes all of its own, in their order.
    #[inline(always)]
    pub(super) fn values<const N: usize>(&self) -> [Bound<'a>; N] {
        debug_assert_eq!(N, self.parameters.len());
        std::array::from_fn(|at| Bound {
            name: self.parameters[at].name,
            json: self.values[at].unwrap_or("null"),
        })
    }
}

/// A parameter with its value. One that wasn't given is null.
#[derive(Clone, Copy)]
pub(super) struct Bound<'a> {
    pub(super) name: &'static str,
    /// The JSON text.
    pub(super) json: &'a str,
}

impl<'a> Bound<'a> {
    /// The JSON text, unless it is null.
    pub(super) fn given_json(self) -> Option<&'a str> {
        (self.json != "null").then_some(self.json)
    }

    /// A String.
    pub(super) fn string(self) -> Result<Cow<'a, str>, Failure> {
        self.string_or("must be a string")
    }

    /// The same with a message for any other value.
    pub(super) fn string_or(self, problem: &str) -> Result<Cow<'a, str>, Failure> {
        let string = RawValue { text: self.json, depth: 0 }.as_string();
        let string = string.ok_or_else(|| self.invalid(problem))?;
        string.to_str().map_err(|error| self.json_error(error))
    }

    /// A String, or null.
    pub(super) fn optional_string(self) -> Result<Option<Cow<'a, str>>, Failure> {
        self.given_json().map(|_| self.string()).transpose()
    }

    /// A Number without fraction and exponent, Python's `int`, or null.
    pub(super) fn integer(self) -> Result<Option<Integer>, Failure> {
        self.read_number("must be an integer", |number| {
            (!number.is_float).then(|| number.to_integer())
        })
    }

    /// A Number as a double, or null.
    pub(super) fn number(self) -> Result<Option<f64>, Failure> {
        self.read_number("must be a number", |number| Some(number.to_f64()))
    }

    /// A Number as `read` takes it, or null. Any other value, or one that `read` doesn't take, has the
    /// wrong shape.
    fn read_number<T>(
        self,
        shape: &str,
        read: impl FnOnce(Number<'a>) -> Option<Result<T, JsonError>>,
    ) -> Result<Option<T>, Failure> {
        let Some(json) = self.given_json() else { return Ok(None) };
        let number = Scanner::new(json).number().ok().and_then(read);
        let value = number.ok_or_else(|| self.invalid(shape))?;
        value.map(Some).map_err(|error| self.json_error(error))
    }

    /// An Object as JSON in Python's spelling; `None` for any other value. Lone surrogates are
    /// accepted.
    pub(super) fn object(self) -> Result<Option<Cow<'a, str>>, Failure> {
        let mut scanner = Scanner::with_keys(self.json, Rules::Python, Keys::default());
        if scanner.peek_kind() != Ok(Kind::Object) {
            return Ok(None);
        }
        let mut out = Vec::new();
        let read = scanner.transcode_members(&mut out, |_, _| {});
        let as_it_is = read.map_err(|error| self.json_error(error))?;
        if scanner.has_python_number() {
            return Err(self.invalid(JsonErrorKind::NumberOverflow));
        }
        // Python's spelling is UTF-8.
        let object = || Cow::Owned(String::from_utf8(out).unwrap_or_default());
        Ok(Some(as_it_is.map_or_else(object, Cow::Borrowed)))
    }

    /// The JSON text in Python's spelling, unless it is null.
    pub(super) fn canonical_json(self) -> Result<Option<String>, Failure> {
        let Some(json) = self.given_json() else { return Ok(None) };
        let mut out = Vec::new();
        pyjson::transcode(json, &mut out).map_err(|error| self.json_error(error))?;
        // Python's spelling is UTF-8.
        Ok(Some(String::from_utf8(out).unwrap_or_default()))
    }

    /// The error about this parameter, with a message that begins with its name.
    pub(super) fn invalid(self, problem: impl Display) -> Failure {
        invalid(self.name, problem)
    }

    /// The same about its JSON.
    pub(super) fn json_error(self, error: JsonError) -> Failure {
        self.invalid(error.kind())
    }
}

fn invalid(name: &'static str, problem: impl Display) -> Failure {
    Failure::invalid_param(name, format!("{name} {problem}"))
}
