//! Stepping over values, with a check of their syntax.

use super::{Error, Kind, Scanner};

impl<'a> Scanner<'a> {
    /// Steps over one value of any kind, checking its syntax, and says how many containers were
    /// open at most. Not recursive: any depth is fine.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`](super::ErrorKind::Syntax).
    pub fn skip_value(&mut self) -> Result<usize, Error> {
        let mut open = OpenContainers::default();
        let mut deepest = 0;
        let mut last = Last::default();
        loop {
            // The start of a container, whose first member is read next, or a whole value.
            let (mut first, mut inside, mut repeated) = (false, 0, "");
            match self.peek_kind()? {
                Kind::Object if open.depth <= last.around_object && self.same(last.object) => {
                    (last.array_start, last.object_start) = (None, None);
                    repeated = last.object;
                }
                Kind::Array if self.same(last.array) => {
                    last.array_start = None;
                    (inside, repeated) = (1, last.array);
                }
                Kind::Array if self.skip_plain_strings(&mut last.array) => {
                    last.array_start = None;
                    inside = 1;
                }
                kind @ (Kind::Object | Kind::Array) => {
                    last.begin(kind == Kind::Object, self.pos);
                    open.push(kind == Kind::Object);
                    self.pos += 1;
                    first = true;
                }
                scalar => self.skip_scalar(scalar)?,
            }
            if !repeated.is_empty() && open.top_is_object() {
                self.members_with(repeated, |_, _| {});
            }
            deepest = deepest.max(open.depth + inside);
            // Close what ends here, up to the next value.
            loop {
                if open.depth == 0 {
                    return Ok(deepest);
                }
                let more = if open.top_is_object() {
                    self.next_key(first)?.is_some()
                } else {
                    self.next_element(first)?
                };
                if more {
                    break;
                }
                let is_object = open.pop();
                last.end(is_object, open.depth, self);
                first = false;
            }
        }
    }

    /// Steps over the text of a container if it comes next once more. A container ends with its
    /// bracket, so the same text is the same container.
    #[inline]
    pub(crate) fn same(&mut self, container: &str) -> bool {
        !container.is_empty() && self.skip_text(container)
    }

    /// Steps over an array that [`Scanner::plain_strings`] reads, and keeps its text in `last`.
    #[inline(always)]
    pub(super) fn skip_plain_strings(&mut self, last: &mut &'a str) -> bool {
        let found = self.plain_strings(|_| {});
        *last = found.unwrap_or(last);
        found.is_some()
    }

    #[inline]
    fn skip_scalar(&mut self, kind: Kind) -> Result<(), Error> {
        match kind {
            Kind::String => self.skip_string().map(drop),
            Kind::Number => self.skip_number().map(drop),
            Kind::Bool => self.bool().map(drop),
            _ => self.null(),
        }
    }

    /// Steps over one value as [`Scanner::skip_value`] does; its text, and how many containers
    /// were open at most.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`](super::ErrorKind::Syntax).
    pub fn raw_value(&mut self) -> Result<(&'a str, usize), Error> {
        let kind = self.peek_kind()?;
        let start = self.pos;
        let depth = match kind {
            Kind::Array if self.plain_strings(|_| {}).is_some() => 1,
            Kind::Object | Kind::Array => self.skip_value()?,
            scalar => {
                self.skip_scalar(scalar)?;
                0
            }
        };
        Ok((self.slice(start, self.pos), depth))
    }
}

/// What [`Scanner::skip_value`] has read last: restrictions allow the same on many tables, and on
/// the tables of many databases.
#[derive(Default)]
struct Last<'a> {
    /// An array without containers in it.
    array: &'a str,
    /// Where the array begins that may be the next.
    array_start: Option<usize>,
    /// An object without objects in it.
    object: &'a str,
    /// Where the object begins that may be the next.
    object_start: Option<usize>,
    /// How many containers were open around `object`. Around no more than these it is no deeper.
    around_object: usize,
}

impl<'a> Last<'a> {
    fn begin(&mut self, is_object: bool, start: usize) {
        if is_object {
            (self.array_start, self.object_start) = (None, Some(start));
        } else {
            self.array_start = Some(start);
        }
    }

    /// Notes that the innermost container ends where the scanner is, within `around` others.
    fn end(&mut self, is_object: bool, around: usize, scanner: &Scanner<'a>) {
        let start = if is_object { &mut self.object_start } else { &mut self.array_start };
        let Some(start) = start.take() else { return };
        let text = scanner.slice(start, scanner.position());
        if is_object {
            (self.object, self.around_object) = (text, around);
        } else {
            self.array = text;
        }
    }
}

/// Which containers are open, one bit each (1: an object), so that a million of them cost little.
#[derive(Default)]
struct OpenContainers {
    depth: usize,
    low: u64,
    spilled: Vec<u64>,
}

impl OpenContainers {
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.spilled.push(self.low);
        }
        self.low = self.low << 1 | u64::from(is_object);
        self.depth += 1;
    }

    /// Says whether it was an object.
    fn pop(&mut self) -> bool {
        let is_object = self.top_is_object();
        self.depth -= 1;
        self.low >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.low = self.spilled.pop().unwrap_or_default();
        }
        is_object
    }

    fn top_is_object(&self) -> bool {
        self.low & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn containers_that_are_the_same_again_are_values_like_others() {
        for (text, depth) in [
            ("[[1],[1],[1]]", 2),
            (r#"{"a":[["x"],["x"]],"b":["x"],"c":{"d":["x"]}}"#, 3),
            ("[[],[],[[]],[ ],[]]", 3),
            (r#"[["]"],["]"],["]\"]"],["]"]]"#, 2),
            ("[[],[[]],[[]],[[[]],[[]]]]", 4),
            (r#"{"a":{"b":["x"]},"c":{"b":["x"]},"d":{"b":["x"]},"e":{"f":{"b":["x"]}}}"#, 4),
            (r#"[{"a":[[1]]},{"a":[[1]]},[{"a":[[1]]}],[[{"a":[[1]]}]]]"#, 6),
            (r#"{"a":{},"b":{},"c":{"d":{}},"e":{"d":{}},"f":[{},{"}":[]}]}"#, 4),
            (r#"{"a":["x"],"b":["x"],"c":["x"],"d" : ["x"],"e":["x","y"],"f":{"a":["x"]}}"#, 3),
            (r#"{"a":["x"],"\"":["x"],"c":["x"],"":["x"]}"#, 2),
        ] {
            assert_eq!(Scanner::new(text).raw_value(), Ok((text, depth)));
        }
        for text in [
            "[[1],[1]",
            "[[1][1]]",
            "[[1],[1],]",
            "[[1],[1]1]",
            r#"{"a":["x"],["x"]}"#,
            r#"{"a":["x"],"b":["x"],"c":["x"]"#,
            r#"{"a":["x"],"b":["x"]"c":["x"]}"#,
            r#"{"a":["x"],"b":["x"],"c"["x"]}"#,
            r#"{"a":["x"],"b":["x"],"c":["x"],}"#,
            r#"{"a":{"x":1},"b":{"x":1},"c":{"x":1}"#,
            r#"{"a":{"x":1},"b":{"x":1}"c":{"x":1}}"#,
            r#"{"a":{"x":1},{"x":1}}"#,
            r#"[{"x":1},{"x":1}{"x":1}]"#,
            r#"{"a":["x"],"b":["x"],"c":["x"]]}"#,
            "{\"a\":[\"x\"],\"b\":[\"x\"],\"c\n\":[\"x\"]}",
        ] {
            assert!(Scanner::new(text).skip_value().is_err(), "{text}");
        }
    }
}
