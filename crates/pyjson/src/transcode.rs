//! From any spelling of a JSON value to Python's, in one pass.

use std::ops::Range;

use super::number::write_python_float;
use super::{Error, ErrorKind, Kind, Place, RawString, Rules, Scanner, loads};

/// Appends what `json.dumps(json.loads(text), ensure_ascii=False, separators=(",", ":"))`
/// writes.
///
/// ```
/// let mut out = Vec::new();
/// pyjson::transcode(r#"[ 1e3, "\u00e9" ]"#, &mut out)?;
/// assert_eq!(out, r#"[1000.0,"é"]"#.as_bytes());
/// # Ok::<(), pyjson::Error>(())
/// ```
///
/// # Errors
/// Every [`ErrorKind`]; `out` then holds an unusable beginning.
pub fn transcode(text: &str, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut scanner = Scanner::new(text);
    scanner.transcode(out)?;
    scanner.end()
}

impl<'a> Scanner<'a> {
    /// Reads one value and appends Python's spelling of it.
    ///
    /// Under [`Rules::Python`] equal keys become one, a lone surrogate is written as `\udXXX`, and
    /// numbers that JSON doesn't have are written as `NaN`, `Infinity` and `-Infinity`, as
    /// `json.dumps` writes them.
    ///
    /// # Errors
    /// Every [`ErrorKind`]; `out` then holds an unusable beginning.
    pub fn transcode(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let had_python_number = self.has_python_number;
        let mut transcoder = Transcoder::new(self, out);
        let (start, end) = (transcoder.written, transcoder.out.len());
        transcoder.value()?;
        transcoder.flush();
        if self.has_duplicates {
            // The last of equal keys wins, in the place of the first. That takes a tree.
            let value = loads(self.slice(start, self.pos))?;
            self.has_python_number = had_python_number || value.has_non_json_number();
            out.truncate(end);
            value.dump(out, None);
        }
        Ok(())
    }

    /// Reads an object and appends Python's spelling of it. If it has that spelling already,
    /// returns its text instead. `on_member` is given each key, and where the member's value stands
    /// in that spelling, from the object's first byte.
    ///
    /// # Errors
    /// Every [`ErrorKind`], [`ErrorKind::DuplicateKey`] under [`Rules::Python`] too.
    pub fn transcode_members(
        &mut self,
        out: &mut Vec<u8>,
        mut on_member: impl FnMut(&RawString<'a>, Range<usize>),
    ) -> Result<Option<&'a str>, Error> {
        let mut transcoder = Transcoder::new(self, out);
        let (start, end) = (transcoder.written, transcoder.out.len());
        transcoder.object(|key, place| on_member(key, place.start - end..place.end - end))?;
        if transcoder.scanner.has_duplicates {
            return Err(Error::new(ErrorKind::DuplicateKey, transcoder.scanner.pos));
        }
        if transcoder.written == start {
            return Ok(Some(self.slice(start, self.pos)));
        }
        transcoder.flush();
        Ok(None)
    }
}

/// Copies what is spelled as Python spells it in one piece, up to where the spelling differs.
struct Transcoder<'s, 'a, 'o> {
    scanner: &'s mut Scanner<'a>,
    out: &'o mut Vec<u8>,
    /// Up to here the text has been read and written.
    written: usize,
    /// The list of plain strings, and the object, that were last spelled as Python spells them.
    last_list: Place,
    last_object: Place,
}

impl<'s, 'a, 'o> Transcoder<'s, 'a, 'o> {
    /// Begins at the next value.
    fn new(scanner: &'s mut Scanner<'a>, out: &'o mut Vec<u8>) -> Self {
        scanner.skip_whitespace();
        scanner.has_duplicates = false;
        let (written, place) = (scanner.pos, Place::default());
        Self { scanner, out, written, last_list: place, last_object: place }
    }

    /// Copies what isn't written yet of the text before the cursor.
    fn flush(&mut self) {
        self.replace_from(self.scanner.pos);
    }

    /// Copies the text up to `start`, and leaves out what has been read since: the caller writes
    /// another spelling of it.
    fn replace_from(&mut self, start: usize) {
        self.out.extend_from_slice(&self.scanner.text.as_bytes()[self.written..start]);
        self.written = self.scanner.pos;
    }

    /// Where in `out` the text at the cursor goes. Everything up to there is copied as it is.
    #[inline]
    fn offset(&self) -> usize {
        self.out.len() + (self.scanner.pos - self.written)
    }

    /// Reads the value that begins here, and writes at least what is not spelled as Python spells
    /// it.
    fn value(&mut self) -> Result<(), Error> {
        let start = self.scanner.pos;
        match self.scanner.peek_kind()? {
            Kind::Array if self.scanner.skip_same(self.last_list) || self.compact_list() => {}
            Kind::Array => self.array()?,
            Kind::Object if self.scanner.skip_same(self.last_object) => {}
            Kind::Object => {
                let written = self.written;
                self.object(|_, _| {})?;
                if self.written == written {
                    self.last_object = self.scanner.place(start);
                }
            }
            Kind::String => {
                let string = self.scanner.string()?;
                if string.is_escaped() {
                    self.replace_from(start);
                    self.write_string(&string)?;
                }
            }
            Kind::Number => self.number()?,
            scalar => self.scanner.skip_scalar(scalar)?,
        }
        Ok(())
    }

    fn write_string(&mut self, string: &RawString<'a>) -> Result<(), Error> {
        if self.scanner.rules == Rules::Json {
            return string.write(self.out);
        }
        string.to_python().write(self.out);
        Ok(())
    }

    fn number(&mut self) -> Result<(), Error> {
        let number = self.scanner.number()?;
        if number.is_float {
            self.replace_from(number.offset);
            let value = number.to_float(self.scanner.rules)?;
            self.scanner.has_python_number |= !value.is_finite();
            write_python_float(self.out, value);
            return Ok(());
        }
        let text = number.integer_text()?;
        if text.len() != number.text.len() {
            self.replace_from(number.offset);
            self.out.extend_from_slice(text.as_bytes());
        }
        Ok(())
    }

    /// Steps over a list of plain strings that is spelled as Python spells it.
    #[inline(always)]
    fn compact_list(&mut self) -> bool {
        let start = self.scanner.pos;
        // Around each string there are its quotes and what separates it.
        let mut end = start + "[".len();
        let list = self.scanner.plain_strings(|string| end += string.len() + r#""","#.len());
        match list {
            Some(list) if self.scanner.pos == end => self.last_list = list,
            _ => self.scanner.pos = start,
        }
        self.scanner.pos != start
    }

    fn array(&mut self) -> Result<(), Error> {
        self.scanner.begin_array()?;
        let mut separator = "";
        loop {
            let before = self.scanner.pos;
            if !self.scanner.next_element()? {
                self.separator("]", before);
                return Ok(());
            }
            self.separator(separator, before);
            separator = ",";
            self.value()?;
        }
    }

    /// Reads the object that begins here. `on_member` is given each key, and where its value goes
    /// in `out`.
    fn object(
        &mut self,
        mut on_member: impl FnMut(&RawString<'a>, Range<usize>),
    ) -> Result<(), Error> {
        self.scanner.begin_object()?;
        let mut separator = "";
        loop {
            let before = self.scanner.pos;
            let Some(key) = self.scanner.next_key()? else {
                self.separator("}", before);
                return Ok(());
            };
            self.scanner.skip_whitespace();
            let compact = separator.len() + key.length + r#""":"#.len();
            if key.is_escaped() || self.scanner.pos != before + compact {
                self.replace_from(before);
                self.out.extend_from_slice(separator.as_bytes());
                self.write_string(&key)?;
                self.out.push(b':');
            }
            separator = ",";
            let start = self.offset();
            self.value()?;
            on_member(&key, start..self.offset());
        }
    }

    /// The text since `before` is this separator, perhaps with white space around it.
    #[inline]
    fn separator(&mut self, separator: &str, before: usize) {
        if self.scanner.pos != before + separator.len() {
            self.replace_from(before);
            self.out.extend_from_slice(separator.as_bytes());
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
            let ours = Scanner::new(&text).raw_value().is_ok();
            let whole = { let mut s = Scanner::new(&text); s.raw_value().is_ok() && s.end().is_ok() };
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
        // The first one has no eight bytes before it.
        assert_eq!(python(r#"{"":[],"":[]}"#), Err(ErrorKind::DuplicateKey));
        // The same key in different objects is no duplicate.
        assert!(python(r#"{"a":{"a":1,"b":{"a":2}},"b":[{"a":3}]}"#).is_ok());
    }

    #[test]
    fn equal_keys_inside_an_array_leave_the_scanner_where_it_should_be() {
        let text = r#"[{"a":[{"b":1,"b":NaN}],"a":2}, {"c":{"d":{"e":1,"e":{"f":2}}},"g":3}]"#;
        let mut scanner = Scanner::with_keys(text, Rules::Python, Default::default());
        let mut out = Vec::new();
        scanner.begin_array().unwrap();
        while scanner.next_element().unwrap() {
            scanner.transcode(&mut out).unwrap();
            assert_eq!(scanner.depth(), 1);
        }
        assert_eq!(scanner.end(), Ok(()));
        assert_eq!(out, br#"{"a":2}{"c":{"d":{"e":{"f":2}}},"g":3}"#);
        assert!(!scanner.has_python_number());
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
