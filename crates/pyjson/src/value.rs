//! Values as Python's `json.loads` reads them, where a program has to look into one.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;

use super::number::write_python_float;
use super::{Error, Integer, Kind, Rules, Scanner, Str, string};

/// What `json.loads` returns.
///
/// ```
/// use pyjson::{Value, loads};
///
/// let value = loads(r#"{"id": "root", "id": "ann"}"#)?;
/// assert_eq!(value.get("id"), Some(&Value::from("ann")));
/// assert_eq!(value.to_json()?, r#"{"id":"ann"}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub enum Value<'a> {
    /// `None`
    #[default]
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(Integer),
    /// `float`; infinities and NaN too
    Float(f64),
    /// `str`
    Str(Str<'a>),
    /// `list`
    List(Vec<Value<'a>>),
    /// `dict`: keys in order of first appearance, each once, with its last value
    Dict(Vec<(Str<'a>, Value<'a>)>),
}

/// `json.loads(text)`, except that it stops at [`MAX_DEPTH`](crate::MAX_DEPTH) open containers.
///
/// # Errors
/// [`ErrorKind::Syntax`](crate::ErrorKind::Syntax),
/// [`ErrorKind::IntegerTooLong`](crate::ErrorKind::IntegerTooLong),
/// [`ErrorKind::TooDeep`](crate::ErrorKind::TooDeep).
pub fn loads(text: &str) -> Result<Value<'_>, Error> {
    read_all(text, Rules::Python)
}

/// The same under [`Rules::Json`], except that a lone surrogate is accepted.
///
/// # Errors
/// As [`loads`], and [`ErrorKind::DuplicateKey`](crate::ErrorKind::DuplicateKey),
/// [`ErrorKind::NumberOverflow`](crate::ErrorKind::NumberOverflow).
pub fn loads_strict(text: &str) -> Result<Value<'_>, Error> {
    read_all(text, Rules::Json)
}

fn read_all(text: &str, rules: Rules) -> Result<Value<'_>, Error> {
    let mut scanner = Scanner::with_keys(text, rules, Default::default());
    let value = Value::read(&mut scanner)?;
    scanner.end()?;
    Ok(value)
}

impl<'a> Value<'a> {
    /// Reads one value by the scanner's rules.
    fn read(scanner: &mut Scanner<'a>) -> Result<Self, Error> {
        Ok(match scanner.peek_kind()? {
            Kind::Object => {
                let mut members = Vec::new();
                scanner.begin_object()?;
                while let Some(key) = scanner.next_key()? {
                    members.push((key.to_python(), Self::read(scanner)?));
                }
                // A vector of one begins with room for four. A payload may hold a million of them.
                members.shrink_to_fit();
                Self::Dict(if scanner.has_duplicates { keep_last_values(members) } else { members })
            }
            Kind::Array => {
                let mut list = Vec::new();
                scanner.begin_array()?;
                while scanner.next_element()? {
                    list.push(Self::read(scanner)?);
                }
                list.shrink_to_fit();
                Self::List(list)
            }
            Kind::String => Self::Str(scanner.string()?.to_python()),
            Kind::Number => {
                let number = scanner.number()?;
                if number.is_float {
                    Self::Float(number.to_float(scanner.rules)?)
                } else {
                    Self::Int(number.to_integer()?)
                }
            }
            kind => {
                let is_true = scanner.peek() == Some(b't');
                scanner.skip_scalar(kind)?;
                if kind == Kind::Bool { Self::Bool(is_true) } else { Self::Null }
            }
        })
    }

    /// A copy that borrows nothing.
    #[must_use]
    pub fn into_owned(self) -> Value<'static> {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Int(value) => Value::Int(value),
            Self::Float(value) => Value::Float(value),
            Self::Str(text) => Value::Str(text.into_owned()),
            Self::List(items) => Value::List(items.into_iter().map(Value::into_owned).collect()),
            Self::Dict(members) => {
                let owned = |(key, value): Member<'_>| (key.into_owned(), value.into_owned());
                Value::Dict(members.into_iter().map(owned).collect())
            }
        }
    }

    /// A member of a `dict`.
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        let Self::Dict(members) = self else { return None };
        members.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }

    /// The text of a `str` that is UTF-8.
    pub fn as_str(&self) -> Option<&str> {
        if let Self::Str(text) = self { text.to_str() } else { None }
    }

    /// Whether Python calls the value true.
    pub fn is_true(&self) -> bool {
        match self {
            Self::Null => false,
            Self::Bool(value) => *value,
            Self::Int(integer) => !integer.is_zero(),
            Self::Float(value) => *value != 0.0,
            Self::Str(text) => !text.is_empty(),
            Self::List(items) => !items.is_empty(),
            Self::Dict(members) => !members.is_empty(),
        }
    }

    /// `str(value)` of a scalar; `None` for a `list` or `dict`.
    pub fn to_python_str(&self) -> Option<Str<'a>> {
        let mut text = Vec::new();
        match self {
            Self::Null => return Some("None".into()),
            Self::Bool(true) => return Some("True".into()),
            Self::Bool(false) => return Some("False".into()),
            Self::Str(text) => return Some(text.clone()),
            // nan, inf and -inf
            Self::Float(value) if !value.is_finite() => {
                return Some(value.to_string().to_lowercase().into());
            }
            Self::Int(integer) => integer.write(&mut text),
            Self::Float(value) => write_python_float(&mut text, *value),
            Self::List(_) | Self::Dict(_) => return None,
        }
        Some(Str(Cow::Owned(text)))
    }

    /// The value as JSON in Python's spelling, with a lone surrogate as `\udXXX`.
    ///
    /// # Errors
    /// [`NotJson`] where there is an infinity or NaN.
    pub fn to_json(&self) -> Result<String, NotJson> {
        let mut out = Vec::new();
        self.write(&mut out)?;
        // Everything that is written is UTF-8.
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// Appends what [`Value::to_json`] gives.
    ///
    /// # Errors
    /// [`NotJson`]; `out` is then as it was.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), NotJson> {
        if self.has_non_json_number() {
            return Err(NotJson);
        }
        self.dump(out, None);
        Ok(())
    }

    pub(crate) fn has_non_json_number(&self) -> bool {
        match self {
            Self::Float(value) => !value.is_finite(),
            Self::List(items) => items.iter().any(Self::has_non_json_number),
            Self::Dict(members) => members.iter().any(|(_, value)| value.has_non_json_number()),
            _ => false,
        }
    }

    /// Appends what `json.dumps` writes, `NaN` and `Infinity` included: with `indent=2` if this is
    /// part of a line that is indented so far.
    pub(crate) fn dump(&self, out: &mut Vec<u8>, indent: Option<usize>) {
        let inside = indent.map(|indent| indent + 2);
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
            Self::Int(integer) => integer.write(out),
            Self::Float(value) => write_python_float(out, *value),
            Self::Str(text) => text.write(out),
            Self::List(items) => dump_all(out, b"[]", items, indent, |item, out| {
                item.dump(out, inside);
            }),
            Self::Dict(members) => dump_all(out, b"{}", members, indent, |(key, value), out| {
                key.write(out);
                out.extend_from_slice(if indent.is_some() { b": " } else { b":" });
                value.dump(out, inside);
            }),
        }
    }
}

/// Appends a container, with each of its parts on a line of its own if there are lines.
fn dump_all<T>(
    out: &mut Vec<u8>,
    &[open, close]: &[u8; 2],
    parts: &[T],
    indent: Option<usize>,
    mut dump: impl FnMut(&T, &mut Vec<u8>),
) {
    let line = |indent| format!("\n{}", " ".repeat(indent));
    let begin_line = indent.map(|indent| line(indent + 2)).unwrap_or_default();
    let last_line = indent.map(line).filter(|_| !parts.is_empty()).unwrap_or_default();
    out.push(open);
    for (index, part) in parts.iter().enumerate() {
        out.extend_from_slice(if index > 0 { b"," } else { b"" });
        out.extend_from_slice(begin_line.as_bytes());
        dump(part, out);
    }
    out.extend_from_slice(last_line.as_bytes());
    out.push(close);
}

/// Appends what `json.dumps(json.loads(text), indent=2)` writes, as
/// `datasette create-token --debug` prints it: characters that ASCII can't print become `\uXXXX`,
/// an empty container stays on its line.
///
/// # Errors
/// As [`loads_strict`].
pub fn write_indented(out: &mut Vec<u8>, text: &str) -> Result<(), Error> {
    let mut json = Vec::new();
    loads_strict(text)?.dump(&mut json, Some(0));
    // Only strings have other characters than ASCII.
    for c in String::from_utf8_lossy(&json).chars() {
        if c < '\u{7f}' {
            out.push(c as u8);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                string::push_unicode_escape(out, *unit);
            }
        }
    }
    Ok(())
}

type Member<'a> = (Str<'a>, Value<'a>);

/// Each key once, in its first place, with its last value, as in a `dict`.
fn keep_last_values(members: Vec<Member<'_>>) -> Vec<Member<'_>> {
    let mut places = HashMap::new();
    let mut kept: Vec<Member<'_>> = Vec::with_capacity(members.len());
    for (key, value) in members {
        let place = *places.entry(key.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(member) => member.1 = value,
            None => kept.push((key, value)),
        }
    }
    kept
}

macro_rules! from {
    ($($type:ty => $variant:ident)*) => {
        $(impl<'a> From<$type> for Value<'a> {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    &'a str => Str
    String => Str
    Str<'a> => Str
    bool => Bool
    i32 => Int
    i64 => Int
    u64 => Int
    Integer => Int
    f64 => Float
    Vec<Value<'a>> => List
}

/// `None` is Python's.
impl<'a, T: Into<Value<'a>>> From<Option<T>> for Value<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, T::into)
    }
}

/// Collects members into a `dict`. A key that comes again keeps its place and takes the new value.
///
/// ```
/// use pyjson::Value;
///
/// let actor: Value = [("id", Value::from("ann")), ("staff", true.into())].into_iter().collect();
/// assert_eq!(actor.to_json()?, r#"{"id":"ann","staff":true}"#);
/// # Ok::<(), pyjson::NotJson>(())
/// ```
impl<'a, K: Into<Str<'a>>> FromIterator<(K, Value<'a>)> for Value<'a> {
    fn from_iter<I: IntoIterator<Item = (K, Value<'a>)>>(members: I) -> Self {
        let members = members.into_iter().map(|(key, value)| (key.into(), value)).collect();
        Self::Dict(keep_last_values(members))
    }
}

/// JSON can't carry an infinity or NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;

impl fmt::Display for NotJson {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the value holds NaN or an infinity: JSON cannot carry it")
    }
}

impl std::error::Error for NotJson {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duplicate_key_keeps_its_place_and_takes_the_last_value() {
        for count in [2, 8, 9, 100] {
            let members: Vec<_> = (0..count).map(|n| format!("\"k{n}\":{n}")).collect();
            let text = format!("{{{},\"\\u006b0\":\"last\"}}", members.join(","));
            let Value::Dict(members) = loads(&text).unwrap() else { panic!() };
            assert_eq!(members.len(), count);
            assert_eq!(members[0], ("k0".into(), "last".into()));
            assert!(loads_strict(&text).is_err());
        }
    }

    #[test]
    fn indented_json_is_ascii_with_a_part_on_each_line() {
        let text = "{\"é\":[1E2,\"😀\\ud83d\\n~\x7f\",[]],\"a\":{},\"b\":{\"c\":null}}";
        let expected = r#"{
  "\u00e9": [
    100.0,
    "\ud83d\ude00\ud83d\n~\u007f",
    []
  ],
  "a": {},
  "b": {
    "c": null
  }
}"#;
        let mut out = Vec::new();
        write_indented(&mut out, text).unwrap();
        assert_eq!(String::from_utf8(out).unwrap(), expected);
        assert!(write_indented(&mut Vec::new(), "[NaN]").is_err());
    }

    #[test]
    fn only_python_reads_its_own_words() {
        for (text, float) in [("Infinity", f64::INFINITY), ("[-Infinity]", f64::NEG_INFINITY)] {
            let value = loads(text).unwrap();
            assert!(value == Value::Float(float) || value == Value::List(vec![float.into()]));
            assert_eq!(value.write(&mut Vec::new()), Err(NotJson));
            assert!(loads_strict(text).is_err());
        }
        assert!(matches!(loads("NaN"), Ok(Value::Float(float)) if float.is_nan()));
        for text in ["-NaN", "nan", "+Infinity", "Inf", "--Infinity"] {
            assert!(loads(text).is_err(), "{text}");
        }
        assert_eq!(loads("1e999"), Ok(Value::Float(f64::INFINITY)));
    }
}
