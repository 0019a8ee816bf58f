//! Stepping over values, with a check of their syntax.
//!
//! A fast path is for containers that often come again: tokens allow the same actions on many
//! tables, and the same tables in many databases.

use super::{Error, Kind, MAX_DEPTH, RawValue, Scanner, string};

/// The place of a container that was read, and how many others are open around it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Place {
    start: usize,
    end: usize,
    depth: usize,
}

impl<'a> Scanner<'a> {
    /// Steps over one value and gives its spelling and depth. Checks the syntax, but looks for no
    /// duplicate keys and accepts any depth: see [`RawValue::is_too_deep`]. Not recursive.
    ///
    /// # Errors
    /// [`ErrorKind::Syntax`](crate::ErrorKind::Syntax).
    pub fn raw_value(&mut self) -> Result<RawValue<'a>, Error> {
        let kind = self.peek_kind()?;
        let (start, mut depth) = (self.pos, self.depth);
        match kind {
            Kind::Object | Kind::Array => depth = self.skip_container(kind)?,
            scalar => self.skip_scalar(scalar)?,
        }
        Ok(RawValue { text: self.slice(start, self.pos), depth })
    }

    /// Steps over the container that begins here; how many containers are open at most.
    fn skip_container(&mut self, mut kind: Kind) -> Result<usize, Error> {
        let mut deepest = self.depth;
        // The kinds of the open containers: a byte each, since there may be millions.
        let mut open = Vec::new();
        let (mut last_list, mut last_object) = (Place::default(), Place::default());
        // Where an object began, as long as no other was entered inside.
        let mut object_start = None;
        loop {
            // The cursor is at a value. A container is entered, anything else is skipped.
            let mut is_first = false;
            match kind {
                Kind::Object if self.skip_same(last_object) => {}
                Kind::Array if self.skip_same(last_list) => {}
                Kind::Object | Kind::Array => match self.plain_strings(|_| {}) {
                    Some(list) => {
                        deepest = deepest.max(self.depth + 1);
                        last_list = list;
                    }
                    None => {
                        if kind == Kind::Object {
                            object_start = Some(self.pos);
                        }
                        open.push(kind);
                        self.pos += 1;
                        self.depth += 1;
                        deepest = deepest.max(self.depth);
                        is_first = true;
                    }
                },
                scalar => self.skip_scalar(scalar)?,
            }
            // Closes the containers that end here.
            loop {
                let Some(&container) = open.last() else { return Ok(deepest) };
                let more = match container {
                    Kind::Object => self.key(is_first)?.is_some(),
                    _ => self.next_item(is_first, b']')?,
                };
                if more {
                    break;
                }
                is_first = false;
                open.pop();
                self.depth -= 1;
                if let Some(start) = object_start.take_if(|_| container == Kind::Object) {
                    last_object = self.place(start);
                }
            }
            kind = self.peek_kind()?;
        }
    }

    /// The place of the container that began at `start` and has just ended.
    pub fn place(&self, start: usize) -> Place {
        Place { start, end: self.pos, depth: self.depth }
    }

    /// Steps over a container that this scanner has read, if it comes once more. A container ends
    /// with its bracket, so equal bytes are an equal container.
    ///
    /// At a greater depth it is not stepped over, because something in it may be too deep there.
    #[inline(always)]
    pub fn skip_same(&mut self, known: Place) -> bool {
        let Place { start, end, depth } = known;
        let bytes = self.text.as_bytes();
        let Some(spelling @ [_, ..]) = bytes.get(start..end) else { return false };
        // Most of those that differ end elsewhere.
        let is_same = bytes.get(self.pos + spelling.len() - 1) == spelling.last()
            && self.depth <= depth
            && bytes[self.pos..].starts_with(spelling);
        if is_same {
            self.pos += spelling.len();
        }
        is_same
    }

    /// Reads an array of one or more strings without escapes, such as a list of actions. `each` is
    /// given what stands between the quotes. For any other value the cursor stays where it is,
    /// whatever `each` was given.
    #[inline(always)]
    pub fn plain_strings(&mut self, mut each: impl FnMut(&'a [u8])) -> Option<Place> {
        let bytes = self.text.as_bytes();
        let mut rest = bytes[self.pos..].strip_prefix(b"[")?;
        if self.depth >= MAX_DEPTH {
            return None;
        }
        loop {
            let string = rest.strip_prefix(b"\"")?;
            let (string, end) = string.split_at_checked(string::plain_prefix(string))?;
            each(string);
            rest = match end {
                [b'"', b',', b' ', rest @ ..] | [b'"', b',', rest @ ..] => rest,
                [b'"', b']', rest @ ..] => {
                    let start = std::mem::replace(&mut self.pos, bytes.len() - rest.len());
                    return Some(self.place(start));
                }
                _ => return None,
            };
        }
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
