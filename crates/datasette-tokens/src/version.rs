//! Version numbers by PEP 440, as far as Datasette's go.

/// Reads a version as Python accepts it: `0.65.5`, `1.0a41`, ` v1.0.alpha-7 `. Returns the first two
/// numbers of the release segment, and N for 1.0aN.
pub(crate) fn parse_version(text: &str) -> Option<((u32, u32), Option<u32>)> {
    let text = text.trim().to_ascii_lowercase();
    let text = text.strip_prefix('v').unwrap_or(&text);
    let (numbers, suffix) = split_before(text, |c| !c.is_ascii_digit() && c != '.');
    let numbers = numbers.strip_suffix('.').filter(|_| !suffix.is_empty()).unwrap_or(numbers);
    let numbers: Vec<u32> = numbers.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
    let release = (numbers[0], numbers.get(1).copied().unwrap_or(0));
    let is_1_0 = release == (1, 0) && numbers.iter().skip(2).all(|&n| n == 0);
    Some((release, parse_suffix(suffix)?.filter(|_| is_1_0)))
}

/// The number of the alpha, if there is one, in what may follow the numbers of a version.
fn parse_suffix(mut rest: &str) -> Option<Option<u32>> {
    let mut alpha = None;
    let mut last = 0;
    while !rest.is_empty() {
        if let Some(local) = rest.strip_prefix('+') {
            let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            return (!local.is_empty() && local.chars().all(valid)).then_some(alpha);
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
        }
        rest = tail;
    }
    Some(alpha)
}

/// Splits a text before the first character that `ends` the first part.
fn split_before(text: &str, ends: impl Fn(char) -> bool) -> (&str, &str) {
    text.split_at(text.find(ends).unwrap_or(text.len()))
}
