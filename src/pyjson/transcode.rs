//! From any spelling of a JSON value to Python's, in one pass.

use super::keys::Keys;
use super::{Error, ErrorKind, Integer, Kind, MAX_DEPTH, Number, Scanner, write_float};

/// Appends what `json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))`
/// writes.
///
/// # Errors
/// Every [`ErrorKind`]; `out` then holds an unusable beginning.
pub fn transcode(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut scanner = Scanner::new(text);
    Transcoder::default().value(&mut scanner, out)?;
    scanner.end()
}

/// [`transcode`] for values inside a larger text; keeps its scratch space between values.
///
/// What is spelled as Python spells it is copied in one piece, up to where the spelling differs.
#[derive(Default)]
pub struct Transcoder<'a> {
    keys: Keys,
    depth: usize,
    /// Up to where the text was read and written.
    written: usize,
    /// The array of strings that was read last, where it was spelled as Python spells it. Tokens
    /// often allow the same on many tables.
    last_strings: &'a str,
    /// The same of an object, and how deep it stood.
    last_object: (&'a str, usize),
}

impl<'a> Transcoder<'a> {
    /// For values inside of `depth` open containers, which count towards the limit.
    #[must_use]
    pub fn inside(depth: usize) -> Self {
        Self { depth, ..Self::default() }
    }

    /// Reads one value and appends Python's spelling of it.
    ///
    /// # Errors
    /// Every [`ErrorKind`]; `out` then holds an unusable beginning.
    pub fn value(&mut self, scanner: &mut Scanner<'a>, out: &mut Vec<u8>) -> Result<(), Error> {
        scanner.skip_whitespace();
        self.written = scanner.position();
        self.read(scanner, out)?;
        self.write_up_to(scanner.position(), scanner, out);
        Ok(())
    }

    /// Copies what was read and not written.
    fn write_up_to(&mut self, end: usize, scanner: &Scanner<'a>, out: &mut Vec<u8>) {
        out.extend_from_slice(&scanner.text().as_bytes()[self.written..end]);
        self.written = end;
    }

    /// Reads a value, and writes at least what is not spelled as Python spells it; its kind.
    fn read(&mut self, scanner: &mut Scanner<'a>, out: &mut Vec<u8>) -> Result<Kind, Error> {
        let before = scanner.position();
        let kind = scanner.peek_kind()?;
        let start = scanner.position();
        if start != before {
            self.write_up_to(before, scanner, out);
            self.written = start;
        }
        match kind {
            // No deeper than it was before.
            Kind::Object
                if self.depth <= self.last_object.1 && scanner.same(self.last_object.0) => {}
            Kind::Object => {
                let written = self.written;
                self.nested(scanner, out, Self::object)?;
                if self.written == written {
                    self.last_object = (scanner.slice(start, scanner.position()), self.depth);
                }
            }
            Kind::Array
                if self.depth < MAX_DEPTH
                    && (scanner.same(self.last_strings)
                        || scanner.skip_plain_strings(&mut self.last_strings)) => {}
            Kind::Array => self.nested(scanner, out, Self::array)?,
            Kind::String => {
                let string = scanner.string()?;
                if string.is_escaped() {
                    self.write_up_to(start, scanner, out);
                    self.written = scanner.position();
                    string.transcode(out)?;
                }
            }
            Kind::Number => {
                let number = scanner.number()?;
                self.number(number, scanner, out)?;
            }
            Kind::Bool => _ = scanner.bool()?,
            Kind::Null => scanner.null()?,
        }
        Ok(kind)
    }

    fn number(
        &mut self,
        number: Number<'a>,
        scanner: &Scanner<'a>,
        out: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let integer = if number.is_float { None } else { Some(Integer::from_number(number)?) };
        if integer.as_ref().is_some_and(|integer| integer.as_str() == number.text) {
            return Ok(());
        }
        self.write_up_to(number.offset, scanner, out);
        self.written = scanner.position();
        match integer {
            Some(integer) => out.extend_from_slice(integer.as_str().as_bytes()),
            None => write_float(out, number.to_f64()?),
        }
        Ok(())
    }

    fn nested(
        &mut self,
        scanner: &mut Scanner<'a>,
        out: &mut Vec<u8>,
        read: fn(&mut Self, &mut Scanner<'a>, &mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::new(ErrorKind::TooDeep, scanner.position()));
        }
        self.depth += 1;
        let result = read(self, scanner, out);
        self.depth -= 1;
        result
    }

    fn array(&mut self, scanner: &mut Scanner<'a>, out: &mut Vec<u8>) -> Result<(), Error> {
        scanner.begin_array()?;
        let mut first = true;
        loop {
            let before = scanner.position();
            let more = scanner.next_element(first)?;
            let separator = if !more {
                "]"
            } else if first {
                ""
            } else {
                ","
            };
            self.separator(separator, before, scanner, out);
            if !more {
                return Ok(());
            }
            first = false;
            self.read(scanner, out)?;
        }
    }

    fn object(&mut self, scanner: &mut Scanner<'a>, out: &mut Vec<u8>) -> Result<(), Error> {
        scanner.begin_object()?;
        let outer = self.keys.begin_object();
        let mut first = true;
        loop {
            let before = scanner.position();
            let Some(key) = scanner.next_key(first)? else {
                self.separator("}", before, scanner, out);
                break;
            };
            self.keys.push(&key);
            if key.is_escaped()
                || scanner.position() != before + usize::from(!first) + key.quoted.len() + 1
            {
                self.write_up_to(before, scanner, out);
                self.written = scanner.position();
                out.extend_from_slice(if first { b"" } else { b"," });
                key.transcode(out)?;
                out.push(b':');
            }
            first = false;
            // Members that allow the same, in one go.
            let last = match self.read(scanner, out)? {
                Kind::Array => self.last_strings,
                Kind::Object if self.depth <= self.last_object.1 => self.last_object.0,
                _ => "",
            };
            if !last.is_empty() {
                scanner.members_with(last, |spelled, offset| {
                    self.keys.push_member(spelled, offset);
                });
            }
        }
        if self.keys.end_object(outer, scanner) {
            return Err(Error::new(ErrorKind::DuplicateKey, scanner.position()));
        }
        Ok(())
    }

    /// What was stepped over since `before` is a separator, perhaps with white space around it.
    fn separator(
        &mut self,
        separator: &str,
        before: usize,
        scanner: &Scanner<'a>,
        out: &mut Vec<u8>,
    ) {
        if scanner.position() != before + separator.len() {
            self.write_up_to(before, scanner, out);
            self.written = scanner.position();
            out.extend_from_slice(separator.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    fn python(text: &str) -> Result<String, ErrorKind> {
        let mut out = Vec::new();
        transcode(text, &mut out).map_err(|error| error.kind())?;
        Ok(String::from_utf8(out).unwrap())
    }

    fn any_json() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::from),
            any::<i64>().prop_map(Value::from),
            any::<f64>().prop_filter("JSON has no NaN", |f| f.is_finite()).prop_map(Value::from),
            any::<String>().prop_map(Value::from),
        ];
        leaf.prop_recursive(5, 60, 12, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
                prop::collection::vec((any::<String>(), inner), 0..12)
                    .prop_map(|members| Value::Object(members.into_iter().collect())),
            ]
        })
    }

    proptest! {
        /// The tree-based model: what serde_json reads from the output is what went in, however
        /// it was spelled, and the output is a fixed point.
        #[test]
        fn the_value_is_kept_and_the_spelling_is_canonical(value in any_json()) {
            let compact = python(&value.to_string()).unwrap();
            let pretty = python(&serde_json::to_string_pretty(&value).unwrap()).unwrap();
            prop_assert_eq!(&compact, &pretty);
            prop_assert_eq!(&python(&compact).unwrap(), &compact);
            let with_escapes: String = value
                .to_string()
                .chars()
                .flat_map(|c| match c {
                    c if c.is_ascii() => vec![c],
                    c => c.encode_utf16(&mut [0; 2]).iter().flat_map(|unit| {
                        format!("\\u{unit:04X}").chars().collect::<Vec<_>>()
                    }).collect(),
                })
                .collect();
            prop_assert_eq!(&python(&with_escapes).unwrap(), &compact);
        }

        #[test]
        fn nothing_makes_it_panic(text: String, bytes in prop::collection::vec(prop::sample::select(b"{}[]\",:\\u0dD8-1.eE+ntf \n".to_vec()), 0..60)) {
            let _ = python(&text);
            let text = String::from_utf8(bytes).unwrap();
            let valid = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            // serde_json and this crate agree on what JSON is.
            let ours = Scanner::new(&text).skip_value().is_ok();
            let whole = { let mut s = Scanner::new(&text); s.skip_value().is_ok() && s.end().is_ok() };
            prop_assert!(ours || !whole);
            prop_assert_eq!(whole, valid, "{}", text);
        }
    }

    #[test]
    fn duplicate_keys_are_found_however_they_are_spelled() {
        for count in [1, 8, 9, 40] {
            let keys: Vec<_> = (0..count).map(|n| format!("\"key{n}\":0")).collect();
            let keys = keys.join(",");
            assert!(python(&format!("{{{keys}}}")).is_ok());
            let duplicate = format!("{{{keys},\"\\u006bey0\":1}}");
            assert_eq!(python(&duplicate), Err(ErrorKind::DuplicateKey), "{count} keys");
        }
        // The same key in different objects is no duplicate.
        assert!(python(r#"{"a":{"a":1,"b":{"a":2}},"b":[{"a":3}]}"#).is_ok());
    }

    #[test]
    fn what_cannot_be_signed_is_refused() {
        let long = "1".repeat(4301);
        let deep = format!("{}{}", "[".repeat(513), "]".repeat(513));
        for (text, kind) in [
            (r#""\ud800""#, ErrorKind::LoneSurrogate),
            (r#""\udc00\ud800""#, ErrorKind::LoneSurrogate),
            (r#"{"\ud83d":1}"#, ErrorKind::LoneSurrogate),
            ("1e999", ErrorKind::NumberOverflow),
            ("-1e999", ErrorKind::NumberOverflow),
            (&long, ErrorKind::IntegerTooLong),
            (&deep, ErrorKind::TooDeep),
            ("[\"a\",]", ErrorKind::Syntax),
            ("[\"a\"", ErrorKind::Syntax),
            ("[\"a\tb\"]", ErrorKind::Syntax),
            ("NaN", ErrorKind::Syntax),
            ("[1,]", ErrorKind::Syntax),
            ("01", ErrorKind::Syntax),
            ("\"\t\"", ErrorKind::Syntax),
        ] {
            assert_eq!(python(text), Err(kind), "{}", &text[..text.len().min(20)]);
        }
    }
}
