//! Values as Python's `json.loads` reads them, where a value must be looked into.

use std::borrow::Cow;
use std::collections::HashMap;

use super::{Error, ErrorKind, Integer, Kind, MAX_DEPTH, Scanner, write_float, write_wtf8_string};

/// What `json.loads` returns.
#[derive(Clone, Debug, PartialEq)]
pub enum Value<'a> {
    /// `None`
    Null,
    /// `bool`
    Bool(bool),
    /// `int`
    Int(Integer<'a>),
    /// `float`; infinities and NaN too
    Float(f64),
    /// `str`, in WTF-8
    Str(Cow<'a, [u8]>),
    /// `list`
    List(Vec<Value<'a>>),
    /// `dict`: keys in order of first appearance, each once, with its last value
    Dict(Vec<(Cow<'a, [u8]>, Value<'a>)>),
}

/// `json.loads(text)`, except that it stops at [`MAX_DEPTH`] open containers.
///
/// # Errors
/// [`ErrorKind::Syntax`], [`ErrorKind::IntegerTooLong`], [`ErrorKind::TooDeep`].
pub fn loads(text: &str) -> Result<Value<'_>, Error> {
    whole(text, Rules::Python)
}

/// The same under the rules for requests, for a text that is known to be JSON: no key may stand
/// twice, and no number may be too large for a float.
///
/// # Errors
/// As [`loads`], and [`ErrorKind::DuplicateKey`], [`ErrorKind::NumberOverflow`].
pub fn loads_strict(text: &str) -> Result<Value<'_>, Error> {
    whole(text, Rules::Requests)
}

/// Whose rules hold.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Rules {
    /// A key that stands twice keeps its first place and takes the last value; a float that is
    /// too large is an infinity.
    Python,
    /// Neither is allowed.
    Requests,
}

fn whole(text: &str, rules: Rules) -> Result<Value<'_>, Error> {
    let mut scanner = Scanner::new(text);
    let value = read(&mut scanner, 0, rules)?;
    scanner.end()?;
    Ok(value)
}

fn read<'a>(scanner: &mut Scanner<'a>, depth: usize, rules: Rules) -> Result<Value<'a>, Error> {
    // Python's own words, which JSON does not have.
    const WORDS: [(&str, f64); 3] =
        [("NaN", f64::NAN), ("Infinity", f64::INFINITY), ("-Infinity", f64::NEG_INFINITY)];
    scanner.skip_whitespace();
    if let Some((_, value)) = WORDS.iter().find(|(word, _)| scanner.skip_text(word)) {
        return Ok(Value::Float(*value));
    }
    if depth == MAX_DEPTH
        && let Kind::Object | Kind::Array = scanner.peek_kind()?
    {
        return Err(Error::new(ErrorKind::TooDeep, scanner.position()));
    }
    Ok(match scanner.peek_kind()? {
        Kind::Object => Value::Dict(read_dict(scanner, depth, rules)?),
        Kind::Array => {
            let mut list = Vec::new();
            scanner.begin_array()?;
            while scanner.next_element(list.is_empty())? {
                list.push(read(scanner, depth + 1, rules)?);
            }
            Value::List(list)
        }
        Kind::String => Value::Str(scanner.string()?.to_wtf8()),
        Kind::Number => {
            let number = scanner.number()?;
            if number.is_float {
                match rules {
                    // Python reads a float that is too large as an infinity.
                    Rules::Python => Value::Float(number.text.parse().unwrap_or(f64::NAN)),
                    Rules::Requests => Value::Float(number.to_f64()?),
                }
            } else {
                Value::Int(Integer::from_number(number)?)
            }
        }
        Kind::Bool => Value::Bool(scanner.bool()?),
        Kind::Null => {
            scanner.null()?;
            Value::Null
        }
    })
}

/// Up to so many keys are compared one by one.
const FEW_MEMBERS: usize = 16;

type Member<'a> = (Cow<'a, [u8]>, Value<'a>);

fn read_dict<'a>(
    scanner: &mut Scanner<'a>,
    depth: usize,
    rules: Rules,
) -> Result<Vec<Member<'a>>, Error> {
    let mut members: Vec<Member<'a>> = Vec::new();
    let mut places: HashMap<Cow<'a, [u8]>, usize> = HashMap::new();
    let mut first = true;
    scanner.begin_object()?;
    while let Some(key) = scanner.next_key(first)? {
        first = false;
        let key = key.to_wtf8();
        let value = read(scanner, depth + 1, rules)?;
        let place = match places.is_empty() {
            true => members.iter().position(|(known, _)| *known == key),
            false => places.get(&key).copied(),
        };
        if let Some(place) = place {
            if rules == Rules::Requests {
                return Err(Error::new(ErrorKind::DuplicateKey, scanner.position()));
            }
            members[place].1 = value;
            continue;
        }
        members.push((key, value));
        // Looking through many members for each would take its time.
        if members.len() == FEW_MEMBERS {
            places.extend(members.iter().enumerate().map(|(at, (key, _))| (key.clone(), at)));
        } else if !places.is_empty() {
            places.insert(members[members.len() - 1].0.clone(), members.len() - 1);
        }
    }
    Ok(members)
}

impl<'a> Value<'a> {
    /// A member of a `dict`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Value<'a>> {
        match self {
            Self::Dict(members) => {
                members.iter().find(|(name, _)| **name == *key.as_bytes()).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// What an `int` or, as in Python, a `bool` is as a number.
    #[must_use]
    pub fn as_integer(&self) -> Option<Integer<'_>> {
        match self {
            Self::Int(integer) => Some(integer.clone()),
            Self::Bool(value) => Some(Integer::from(u64::from(*value))),
            _ => None,
        }
    }

    /// Whether Python calls the value true.
    #[must_use]
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

    /// `str(value)` of a scalar, in WTF-8; `None` for a `list` or `dict`.
    #[must_use]
    pub fn to_python_str(&self) -> Option<Cow<'_, [u8]>> {
        Some(match self {
            Self::Null => Cow::Borrowed(b"None"),
            Self::Bool(true) => Cow::Borrowed(b"True"),
            Self::Bool(false) => Cow::Borrowed(b"False"),
            Self::Int(integer) => Cow::Borrowed(integer.as_str().as_bytes()),
            Self::Float(value) if value.is_nan() => Cow::Borrowed(b"nan"),
            Self::Float(value) if value.is_infinite() => {
                Cow::Borrowed(if *value > 0.0 { b"inf" } else { b"-inf" })
            }
            Self::Float(value) => {
                let mut text = Vec::new();
                write_float(&mut text, *value);
                Cow::Owned(text)
            }
            Self::Str(text) => Cow::Borrowed(text),
            Self::List(_) | Self::Dict(_) => return None,
        })
    }

    /// Appends the value as JSON in Python's spelling, non-ASCII characters as UTF-8 and lone
    /// surrogates as `\udXXX`.
    ///
    /// # Errors
    /// [`NotJson`] where there is an infinity or NaN.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), NotJson> {
        match self {
            Self::Null => out.extend_from_slice(b"null"),
            Self::Bool(true) => out.extend_from_slice(b"true"),
            Self::Bool(false) => out.extend_from_slice(b"false"),
            Self::Int(integer) => out.extend_from_slice(integer.as_str().as_bytes()),
            Self::Float(value) if value.is_finite() => write_float(out, *value),
            Self::Float(_) => return Err(NotJson),
            Self::Str(text) => write_wtf8_string(out, text),
            Self::List(items) => {
                out.push(b'[');
                for (index, item) in items.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    item.write(out)?;
                }
                out.push(b']');
            }
            Self::Dict(members) => {
                out.push(b'{');
                for (index, (key, value)) in members.iter().enumerate() {
                    if index > 0 {
                        out.push(b',');
                    }
                    write_wtf8_string(out, key);
                    out.push(b':');
                    value.write(out)?;
                }
                out.push(b'}');
            }
        }
        Ok(())
    }
}

/// JSON cannot carry an infinity or NaN.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotJson;
