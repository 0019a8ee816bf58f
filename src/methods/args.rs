//! Params, by name or by position, bound to a method's parameters.

use std::borrow::Cow;

use super::table::Param;
use crate::datasette::Restrictions;
use crate::pyjson::{Integer, Kind, MAX_DEPTH, Scanner, write_wtf8_string};
use crate::rpc::Failure;

/// The most parameters that a method has.
const MAX_PARAMS: usize = 8;

/// Containers open around a parameter: the request and its params.
const OUTER_DEPTH: usize = 2;

/// The arguments of one call, as JSON texts.
pub(super) struct Args<'a> {
    params: &'static [Param],
    /// `None`: absent, or the null that means the default.
    values: [Option<&'a str>; MAX_PARAMS],
}

impl<'a> Args<'a> {
    /// Binds `text`: an Object, an Array or null, known to be valid JSON.
    pub(super) fn bind(params: &'static [Param], text: &'a str) -> Result<Self, Failure> {
        let mut args = Self { params, values: [None; MAX_PARAMS] };
        let mut scanner = Scanner::new(text);
        match scanner.peek_kind() {
            Ok(Kind::Object) => args.bind_by_name(&mut scanner)?,
            Ok(Kind::Array) => args.bind_by_position(&mut scanner)?,
            _ => {}
        }
        for (param, value) in params.iter().zip(&mut args.values) {
            if param.required && value.is_none() {
                return Err(invalid(param.name, "is required"));
            }
            if !param.required && value.is_some_and(|text| text == "null") {
                *value = None;
            }
        }
        Ok(args)
    }

    fn bind_by_name(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Failure> {
        scanner.begin_object().map_err(not_json)?;
        let mut first = true;
        while let Some(key) = scanner.next_key(first).map_err(not_json)? {
            first = false;
            let key = key.to_wtf8();
            let Some(at) = self.params.iter().position(|p| p.name.as_bytes() == &*key) else {
                return Err(Failure::invalid_param(&key, self.unknown(&key)));
            };
            if self.values[at].is_some() {
                return Err(invalid(self.params[at].name, "is given twice"));
            }
            self.bind_value(scanner, at)?;
        }
        Ok(())
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

    fn bind_by_position(&mut self, scanner: &mut Scanner<'a>) -> Result<(), Failure> {
        scanner.begin_array().map_err(not_json)?;
        let mut at = 0;
        while scanner.next_element(at == 0).map_err(not_json)? {
            if at == self.params.len() {
                return Err(invalid("params", &format!("has more than {at} positions")));
            }
            self.bind_value(scanner, at)?;
            at += 1;
        }
        Ok(())
    }

    fn bind_value(&mut self, scanner: &mut Scanner<'a>, at: usize) -> Result<(), Failure> {
        scanner.peek_kind().map_err(not_json)?;
        let start = scanner.position();
        let depth = scanner.skip_value().map_err(not_json)?;
        if OUTER_DEPTH + depth > MAX_DEPTH {
            return Err(invalid(self.params[at].name, "is nested more than 512 levels deep"));
        }
        self.values[at] = Some(scanner.slice(start, scanner.position()));
        Ok(())
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
        let mut scanner = Scanner::new(text);
        if scanner.peek_kind() != Ok(Kind::String) {
            return Err(invalid(name, "must be a string"));
        }
        let string = scanner.string().and_then(|string| string.to_str());
        string.map(Some).map_err(|error| invalid(name, &error.to_string()))
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
            scanner.peek_kind().map_err(not_json)?;
            let start = scanner.position();
            scanner.skip_value().map_err(not_json)?;
            if member.replace(scanner.slice(start, scanner.position())).is_some() {
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
