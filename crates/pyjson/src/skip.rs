//! Stepping over values, with a check of their syntax.

use super::{Error, Kind, RawValue, Scanner};

impl<'a> Scanner<'a> {
    /// Steps over one value and gives its spelling and depth. Checks the syntax, but looks for no
    /// duplicate keys and accepts any depth: see [`RawValue::is_too_deep`]. Not recursive.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`](crate::ErrorKind::Syntax).
    pub fn raw_value(&mut self) -> Result<RawValue<'a>, Error> {
        let kind = self.peek_kind()?;
        let start = self.pos;
        let depth = match kind {
            Kind::Array if self.plain_strings(|_| {}) => 1,
            Kind::Object | Kind::Array => self.skip_container(kind)?,
            scalar => {
                self.skip_scalar(scalar)?;
                0
            }
        };
        Ok(RawValue { text: self.slice(start, self.pos), depth: self.depth() + depth })
    }

    /// Steps over the container that begins here; how many containers are open at most.
    fn skip_container(&mut self, kind: Kind) -> Result<usize, Error> {
        // What was skipped earlier doesn't count: its depth isn't in `deepest`.
        self.forget_object();
        let mut open = OpenContainers::default();
        let mut deepest = 0;
        let mut kind = kind;
        // Where an object began, as long as no other was entered inside.
        let mut object_start = None;
        loop {
            // The cursor is at a value. A container is entered, anything else is skipped.
            let is_first = match kind {
                Kind::Array if self.plain_strings(|_| {}) => {
                    deepest = deepest.max(open.depth + 1);
                    false
                }
                Kind::Object if self.same_object(open.depth) => false,
                Kind::Object | Kind::Array => {
                    if kind == Kind::Object {
                        object_start = Some(self.pos);
                    }
                    self.pos += 1;
                    open.push(kind == Kind::Object);
                    deepest = deepest.max(open.depth);
                    true
                }
                scalar => {
                    self.skip_scalar(scalar)?;
                    false
                }
            };
            if !self.skip_to_next_value(&mut open, &mut deepest, &mut object_start, is_first)? {
                // Its spelling and its keys were not looked at, and its depth is not absolute.
                self.forget_object();
                return Ok(deepest);
            }
            kind = self.peek_kind()?;
        }
    }

    /// Closes the containers that end here, and steps up to the next value that isn't the list that
    /// was read last; `false` when all have ended.
    #[inline]
    fn skip_to_next_value(
        &mut self,
        open: &mut OpenContainers,
        deepest: &mut usize,
        object_start: &mut Option<usize>,
        mut is_first: bool,
    ) -> Result<bool, Error> {
        loop {
            let more = match open.top_is_object() {
                true => self.skip_key(is_first)?,
                false => self.next_item(is_first, b']')?,
            };
            is_first = false;
            if more && self.same_strings() {
                *deepest = (*deepest).max(open.depth + 1);
                continue;
            }
            if more {
                return Ok(true);
            }
            let is_object = open.top_is_object();
            open.pop();
            if let Some(start) = object_start.take_if(|_| is_object) {
                self.remember_object(start, open.depth);
            }
            if open.depth == 0 {
                return Ok(false);
            }
        }
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
}

/// Which containers are open, one bit each (1: an object), so that a million of them cost little.
#[derive(Default)]
struct OpenContainers {
    depth: usize,
    /// The innermost containers, up to 64, the last one lowest.
    low: u64,
    /// The words of those around them.
    spilled: Vec<u64>,
}

impl OpenContainers {
    #[inline]
    fn push(&mut self, is_object: bool) {
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.spilled.push(self.low);
        }
        self.low = self.low << 1 | u64::from(is_object);
        self.depth += 1;
    }

    #[inline]
    fn pop(&mut self) {
        self.depth -= 1;
        self.low >>= 1;
        if self.depth > 0 && self.depth.is_multiple_of(64) {
            self.low = self.spilled.pop().unwrap_or_default();
        }
    }

    #[inline]
    fn top_is_object(&self) -> bool {
        self.low & 1 == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_any_shape_are_skipped_with_their_depth() {
        for (text, depth) in [
            ("1", 0),
            (r#""[""#, 0),
            ("[[1],[1],[1]]", 2),
            (r#"{"a":[["x"],["x"]],"b":["x"],"c":{"d":["x"]}}"#, 3),
            ("[[],[],[[]],[ ],[]]", 3),
            (r#"[["]"],["]"],["]\"]"],["]"]]"#, 2),
            ("[[],[[]],[[]],[[[]],[[]]]]", 4),
            (r#"{"a":{"b":["x"]},"c":{"b":["x"]},"d":{"b":["x"]},"e":{"f":{"b":["x"]}}}"#, 4),
            (r#"{"a":{},"b":{},"c":{"d":{}},"e":{"d":{}},"f":[{},{"}":[]}]}"#, 4),
            (r#"{"a":["x"],"b":["x"],"d" : [ "x" , "y" ]}"#, 2),
            (r#"{"a":["x"],"b":{"c":["x"]}}"#, 3),
            (r#"{"a":["x"],"b":[["x"],[["x"]]]}"#, 4),
        ] {
            assert_eq!(Scanner::new(text).raw_value(), Ok(RawValue { text, depth }));
        }
        let deep = format!("{}{}", "[".repeat(1000), "]".repeat(1000));
        assert_eq!(Scanner::new(&deep).raw_value().map(|value| value.depth), Ok(1000));
    }

    #[test]
    fn a_value_is_skipped_whatever_was_skipped_before() {
        let members = [
            (r#"{"x":[[1]]}"#, 4),
            (r#"{"x":[[1]]}"#, 4),
            (r#"["x"]"#, 2),
            (r#"["x"]"#, 2),
            (r#"[{"x":[[1]]},[{"x":[[1]]}]]"#, 6),
            (r#"{"x":[[1]]}"#, 4),
        ];
        let text = format!("[{}]", members.map(|(text, _)| text).join(","));
        let mut scanner = Scanner::new(&text);
        scanner.begin_array().unwrap();
        for (text, depth) in members {
            assert_eq!(scanner.next_element(), Ok(true));
            assert_eq!(scanner.raw_value(), Ok(RawValue { text, depth }));
        }
        assert_eq!(scanner.next_element(), Ok(false));
        assert_eq!(scanner.end(), Ok(()));
    }

    #[test]
    fn the_containers_around_a_value_count() {
        let mut scanner = Scanner::new(r#"{"a":[[1]]}"#);
        scanner.begin_object().unwrap();
        scanner.next_key().unwrap();
        assert_eq!(scanner.raw_value().map(|value| value.depth), Ok(3));
    }

    #[test]
    fn other_texts_are_refused() {
        for text in [
            "[[1],[1]",
            "[[1][1]]",
            "[[1],[1],]",
            "[[1],[1]1]",
            "[,1]",
            r#"{"a":["x"],["x"]}"#,
            r#"{"a":["x"],"b":["x"],"c":["x"]"#,
            r#"{"a":["x"],"b":["x"]"c":["x"]}"#,
            r#"{"a":["x"],"b":["x"],"c"["x"]}"#,
            r#"{"a":["x"],"b":["x"],"c":["x"],}"#,
            r#"{"a":{"x":1},"b":{"x":1}"c":{"x":1}}"#,
            r#"{"a":{"x":1},{"x":1}}"#,
            r#"[{"x":1},{"x":1}{"x":1}]"#,
            r#"{"a":["x"],"b":["x"],"c":["x"]]}"#,
            "{\"a\":[\"x\"],\"b\":[\"x\"],\"c\n\":[\"x\"]}",
            "[NaN]",
            "[-Infinity]",
        ] {
            assert!(Scanner::new(text).raw_value().is_err(), "{text}");
        }
    }
}
