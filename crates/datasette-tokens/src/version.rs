//! Version numbers by PEP 440, as far as Datasette's go.

use std::fmt;

/// A version number.
pub(crate) struct Version {
    /// The release segment: at least two numbers, and no zeros after those.
    numbers: Vec<u32>,
    alpha: Option<u32>,
    /// Whether nothing follows but the alpha and a local version.
    pub(crate) is_plain: bool,
}

impl Version {
    pub(crate) fn first_two_numbers(&self) -> (u32, u32) {
        (self.numbers[0], self.numbers[1])
    }

    /// N for 1.0aN.
    pub(crate) fn alpha_of_1_0(&self) -> Option<u32> {
        self.alpha.filter(|_| self.numbers == [1, 0])
    }
}

/// The normal spelling of a plain version, without its local version.
impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<_> = self.numbers.iter().map(u32::to_string).collect();
        f.write_str(&numbers.join("."))?;
        self.alpha.map_or(Ok(()), |alpha| write!(f, "a{alpha}"))
    }
}

/// Reads a version as Python accepts it: `0.65.5`, `1.0a41`, ` v1.0.alpha-7 `.
pub(crate) fn parse_version(text: &str) -> Option<Version> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let (numbers, suffix) = split_before(text, |c| !c.is_ascii_digit() && c != '.');
    let numbers = numbers.strip_suffix('.').filter(|_| !suffix.is_empty()).unwrap_or(numbers);
    let mut numbers: Vec<u32> =
        numbers.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    while numbers.len() > 2 && numbers.last() == Some(&0) {
        numbers.pop();
    }
    numbers.resize(numbers.len().max(2), 0);
    let (alpha, is_plain) = parse_suffix(suffix)?;
    Some(Version { numbers, alpha, is_plain })
}

/// The number of the alpha, if there is one, in what may follow the numbers of a version, and
/// whether there is nothing else but a local version.
fn parse_suffix(mut rest: &str) -> Option<(Option<u32>, bool)> {
    let (mut alpha, mut is_plain) = (None, true);
    let mut last = 0;
    while !rest.is_empty() {
        if let Some(local) = rest.strip_prefix('+') {
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            let is_local = !local.is_empty() && local.chars().all(valid);
            return is_local.then_some((alpha, is_plain));
        }
        rest = rest.trim_start_matches(['.', '-', '_']);
        let (word, tail) = split_before(rest, |c| !c.is_ascii_lowercase());
        let tail = tail.strip_prefix(['.', '-', '_']).unwrap_or(tail);
        let (number, tail) = split_before(tail, |c| !c.is_ascii_digit());
        let number = if number.is_empty() { 0 } else { number.parse().ok()? };
        // PEP 440 has the segments in this order, each at most once.
        last = match word {
            "a" | "alpha" | "b" | "beta" | "c" | "rc" | "pre" | "preview" if last < 1 => 1,
            "post" | "rev" | "r" if last < 2 => 2,
            "dev" if last < 3 => 3,
            _ => return None,
        };
        if matches!(word, "a" | "alpha") {
            alpha = Some(number);
        } else {
            is_plain = false;
        }
        rest = tail;
    }
    Some((alpha, is_plain))
}

/// Splits a text before the first character that `ends` the first part.
fn split_before(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}
