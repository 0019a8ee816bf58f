//! Kinds of values, and sets of rules.

/// The six kinds of JSON value, told by the first byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `{…}`, Python's `dict`
    Object,
    /// `[…]`, Python's `list`
    Array,
    /// `"…"`, Python's `str`
    String,
    /// Python's `int` or `float`
    Number,
    /// `true` or `false`, Python's `bool`
    Bool,
    /// `null`, Python's `None`
    Null,
}

/// Which texts are accepted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rules {
    /// RFC 8259, without duplicate keys, lone surrogates and numbers that overflow a double.
    #[default]
    Json,
    /// What `json.loads` accepts: the above, and `NaN`, `Infinity` and `-Infinity`.
    Python,
}
