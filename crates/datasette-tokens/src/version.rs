//! Version numbers by PEP 440, as far as Datasette's go.

/// What matters of a version.
pub(crate) struct Version {
    /// The first two numbers of the release segment.
    pub(crate) release: (u32, u32),
    /// N for 1.0aN.
    pub(crate) alpha_of_1_0: Option<u32>,
}

impl Version {
    /// Reads a version as Python accepts it: `0.65.5`, `1.0a41`, ` v1.0.alpha-7 `.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let text = text.trim().to_ascii_lowercase();
        let text = text.strip_prefix('v').unwrap_or(&text);
        let numbers_end =
            text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
        let (numbers, suffix) = text.split_at(numbers_end);
        let dotted_suffix = numbers.ends_with('.') && !suffix.is_empty();
        let numbers = if dotted_suffix { &numbers[..numbers.len() - 1] } else { numbers };
        let numbers: Vec<u32> =
            numbers.split('.').map(|n| n.parse().ok()).collect::<Option<_>>()?;
        let release = (*numbers.first()?, numbers.get(1).copied().unwrap_or(0));
        let is_1_0 = release == (1, 0) && numbers.iter().skip(2).all(|&n| n == 0);
        let pre = Suffix::parse(suffix)?;
        let alpha_of_1_0 = pre.alpha.filter(|_| is_1_0);
        Some(Self { release, alpha_of_1_0 })
    }
}

/// What may follow the numbers of a version.
struct Suffix {
    alpha: Option<u32>,
}

impl Suffix {
    fn parse(text: &str) -> Option<Self> {
        let mut rest = text;
        let mut alpha = None;
        let mut last = 0;
        while !rest.is_empty() {
            if let Some(local) = rest.strip_prefix('+') {
                let valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
                return (!local.is_empty() && local.chars().all(valid)).then_some(Self { alpha });
            }
            rest = rest.trim_start_matches(['.', '-', '_']);
            let end = rest.find(|c: char| !c.is_ascii_lowercase()).unwrap_or(rest.len());
            let (word, tail) = rest.split_at(end);
            let tail = tail.strip_prefix(['.', '-', '_']).unwrap_or(tail);
            let end = tail.find(|c: char| !c.is_ascii_digit()).unwrap_or(tail.len());
            let (number, tail) = tail.split_at(end);
            let number = if number.is_empty() { 0 } else { number.parse().ok()? };
            // PEP 440 has the segments in this order, each at most once.
            let place = match word {
                "a" | "alpha" | "b" | "beta" | "c" | "rc" | "pre" | "preview" => 1,
                "post" | "rev" | "r" => 2,
                "dev" => 3,
                _ => return None,
            };
            if place <= last {
                return None;
            }
            last = place;
            if matches!(word, "a" | "alpha") {
                alpha = Some(number);
            }
            rest = tail;
        }
        Some(Self { alpha })
    }
}
