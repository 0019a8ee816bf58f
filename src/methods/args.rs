//! Params, by name or by position, bound to a method's parameters.

use std::borrow::Cow;

use super::table::Param;
use crate::datasette::Restrictions;
use crate::pyjson::{Integer, Kind, MAX_DEPTH, RawString, Scanner, write_wtf8_string};
use crate::rpc::{Failure, MAX_PARAMS, Params};

/// Containers open around a parameter: the request and its params.
const OUTER_DEPTH: usize = 2;

/// The arguments of one call, as JSON texts.
pub(super) struct Args<'a> {
    params: &'static [Param],
    /// `None`: absent, or the null that means the default.
    values: [Option<&'a str>; MAX_PARAMS],
}

impl<'a> Args<'a> {
    /// For the parameters of a method, none of them given yet.
    pub(super) fn new(params: &'static [Param]) -> Self {
        Self { params, values: [None; MAX_PARAMS] }
    }

    /// Binds what was given to the parameters.
    pub(super) fn bind(&mut self, given: &Params<'a>) -> Result<(), Failure> {
        for (position, value) in given.iter().enumerate() {
            let likely = self.params.get(position);
            let at = match (&value.name, likely) {
                // Many programs write the parameters in their order.
                (Some(name), Some(likely)) if name.text() == likely.name => position,
                (Some(name), _) => self.named(&name.to_wtf8())?,
                (None, Some(_)) => position,
                (None, None) => {
                    let reason = format!("has more than {} positions", self.params.len());
                    return Err(invalid("params", &reason));
                }
            };
            self.set(at, value.text, value.depth)?;
        }
        self.complete()
    }

    /// Binds members of an object, each a name, a JSON text and how deep it is nested.
    pub(super) fn of_members<'n>(
        params: &'static [Param],
        members: impl IntoIterator<Item = (&'n str, &'a str, usize)>,
    ) -> Result<Self, Failure> {
        let mut args = Self::new(params);
        for (name, text, depth) in members {
            args.set(args.named(name.as_bytes())?, text, depth)?;
        }
        args.complete()?;
        Ok(args)
    }

    fn set(&mut self, at: usize, text: &'a str, depth: usize) -> Result<(), Failure> {
        let name = self.params[at].name;
        if OUTER_DEPTH + depth > MAX_DEPTH {
            return Err(invalid(name, "is nested more than 512 levels deep"));
        }
        if self.values[at].replace(text).is_some() {
            return Err(invalid(name, "is given twice"));
        }
        Ok(())
    }

    /// What is required must be there; null means the default.
    fn complete(&mut self) -> Result<(), Failure> {
        for (param, value) in self.params.iter().zip(&mut self.values) {
            if param.required && value.is_none() {
                return Err(invalid(param.name, "is required"));
            }
            if !param.required && *value == Some("null") {
                *value = None;
            }
        }
        Ok(())
    }

    fn named(&self, name: &[u8]) -> Result<usize, Failure> {
        let known = self.params.iter().position(|param| param.name.as_bytes() == name);
        known.ok_or_else(|| Failure::invalid_param(name, self.unknown(name)))
    }

    fn unknown(&self, name: &[u8]) -> String {
        let mut shown = Vec::new();
        write_wtf8_string(&mut shown, name);
        let shown = String::from_utf8_lossy(&shown);
        let known: Vec<_> = self.params.iter().map(|param| param.name).collect();
        match &known[..] {
            [] => format!("{shown} is unknown: the method has no parameters"),
            _ => format!("{shown} is unknown: the parameters are {}", known.join(", ")),
        }
    }

    fn get(&self, name: &str) -> Option<&'a str> {
        let at = self.params.iter().position(|param| param.name == name);
        debug_assert!(at.is_some(), "the table has no parameter {name}");
        self.values[at?]
    }

    /// The JSON text of an optional parameter.
    pub(super) fn json(&self, name: &str) -> Option<&'a str> {
        self.get(name)
    }

    /// The JSON text of a required parameter, which [`Args::bind`] has seen.
    pub(super) fn required(&self, name: &str) -> &'a str {
        self.get(name).unwrap_or("null")
    }

    /// A String.
    pub(super) fn string(&self, name: &str) -> Result<Option<Cow<'a, str>>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let string = RawString::of_json(text).ok_or_else(|| invalid(name, "must be a string"))?;
        string.to_str().map(Some).map_err(|error| invalid(name, &error.to_string()))
    }

    /// A Number without fraction and exponent, a Python `int`.
    pub(super) fn integer(&self, name: &str) -> Result<Option<Integer<'a>>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let mut scanner = Scanner::new(text);
        match (scanner.peek_kind(), scanner.number()) {
            (Ok(Kind::Number), Ok(number)) if !number.is_float => Integer::from_number(number)
                .map(Some)
                .map_err(|error| invalid(name, &error.to_string())),
            _ => Err(invalid(name, "must be an integer")),
        }
    }

    /// A Number, as a double.
    pub(super) fn float(&self, name: &str) -> Result<Option<f64>, Failure> {
        let Some(text) = self.get(name) else { return Ok(None) };
        let mut scanner = Scanner::new(text);
        match (scanner.peek_kind(), scanner.number()) {
            (Ok(Kind::Number), Ok(number)) => {
                number.to_f64().map(Some).map_err(|error| invalid(name, &error.to_string()))
            }
            _ => Err(invalid(name, "must be a number")),
        }
    }

    /// An Object `{"all", "database", "resource"}`.
    pub(super) fn restrictions(&self, name: &str) -> Result<Restrictions<'a>, Failure> {
        let mut restrictions = Restrictions::default();
        let Some(text) = self.get(name) else { return Ok(restrictions) };
        let mut scanner = Scanner::new(text);
        if scanner.peek_kind() != Ok(Kind::Object) {
            return Err(invalid(name, "must be an object"));
        }
        scanner.begin_object().map_err(not_json)?;
        let mut first = true;
        while let Some(key) = scanner.next_key(first).map_err(not_json)? {
            first = false;
            let member = match &*key.to_wtf8() {
                b"all" => &mut restrictions.all,
                b"database" => &mut restrictions.database,
                b"resource" => &mut restrictions.resource,
                _ => return Err(invalid(name, "may have all, database and resource only")),
            };
            let (text, _) = scanner.raw_value().map_err(not_json)?;
            if member.replace(text).is_some() {
                return Err(invalid(name, "has a duplicate key"));
            }
        }
        Ok(restrictions)
    }
}

/// The error about a parameter, its message beginning with the name.
pub(super) fn invalid(name: &str, reason: &str) -> Failure {
    Failure::invalid_param(name.as_bytes(), format!("{name} {reason}"))
}

/// For text that the envelope has found to be JSON already.
fn not_json(error: crate::pyjson::Error) -> Failure {
    invalid("params", &error.to_string())
}
