//! Values for serde.

use serde::ser::{Serialize, Serializer};

use super::{Integer, Str, Value};

/// Serialises as an integer where it fits 64 bits, else as a string of digits.
impl Serialize for Integer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Some(value) = self.to_i64() {
            serializer.serialize_i64(value)
        } else if let Ok(value) = self.to_string().parse() {
            serializer.serialize_u64(value)
        } else {
            serializer.collect_str(self)
        }
    }
}

/// Serialises as a string, with U+FFFD in place of a lone surrogate.
impl Serialize for Str<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// Serialises as what Python calls it: `None`, `bool`, `int`, `float`, `str`, `list` or `dict`.
impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(value) => value.serialize(serializer),
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(value) => value.serialize(serializer),
            Self::List(items) => serializer.collect_seq(items),
            Self::Dict(members) => {
                serializer.collect_map(members.iter().map(|(key, value)| (key, value)))
            }
        }
    }
}
