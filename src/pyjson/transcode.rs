//! From any spelling of a JSON value to Python's, in one pass.

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
#[derive(Default)]
pub struct Transcoder {
    /// Where the keys of the objects that are open stand in the output, innermost last. In the
    /// output they have one spelling, so equal bytes are equal keys.
    keys: Vec<(usize, usize)>,
    depth: usize,
}

impl Transcoder {
    /// Reads one value and appends Python's spelling of it.
    ///
    /// # Errors
    /// Every [`ErrorKind`]; `out` then holds an unusable beginning.
    pub fn value(&mut self, scanner: &mut Scanner<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        match scanner.peek_kind()? {
            Kind::Object => self.nested(scanner, out, Self::object),
            Kind::Array => self.nested(scanner, out, Self::array),
            Kind::String => scanner.string()?.transcode(out),
            Kind::Number => number(scanner.number()?, out),
            Kind::Bool => {
                let word: &[u8] = if scanner.bool()? { b"true" } else { b"false" };
                out.extend_from_slice(word);
                Ok(())
            }
            Kind::Null => {
                scanner.null()?;
                out.extend_from_slice(b"null");
                Ok(())
            }
        }
    }

    fn nested<'a>(
        &mut self,
        scanner: &mut Scanner<'a>,
        out: &mut Vec<u8>,
        read: fn(&mut Self, &mut Scanner<'a>, &mut Vec<u8>) -> Result<(), Error>,
    ) -> Result<(), Error> {
        if self.depth == MAX_DEPTH {
            return Err(Error::new(ErrorKind::TooDeep, scanner.position()));
        }
        self.depth += 1;
        let outer_keys = self.keys.len();
        let result = read(self, scanner, out);
        self.keys.truncate(outer_keys);
        self.depth -= 1;
        result
    }

    fn array(&mut self, scanner: &mut Scanner<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        scanner.begin_array()?;
        out.push(b'[');
        let mut first = true;
        while scanner.next_element(first)? {
            if !first {
                out.push(b',');
            }
            first = false;
            self.value(scanner, out)?;
        }
        out.push(b']');
        Ok(())
    }

    fn object(&mut self, scanner: &mut Scanner<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        scanner.begin_object()?;
        out.push(b'{');
        let outer_keys = self.keys.len();
        let mut first = true;
        while let Some(key) = scanner.next_key(first)? {
            if !first {
                out.push(b',');
            }
            first = false;
            let start = out.len();
            key.transcode(out)?;
            self.keys.push((start, out.len()));
            out.push(b':');
            self.value(scanner, out)?;
        }
        out.push(b'}');
        if has_duplicates(&mut self.keys[outer_keys..], out) {
            return Err(Error::new(ErrorKind::DuplicateKey, scanner.position()));
        }
        Ok(())
    }
}

/// Whether two of the spans hold the same bytes.
pub(crate) fn has_duplicates(spans: &mut [(usize, usize)], text: &[u8]) -> bool {
    const FEW: usize = 8;
    let key = |span: &(usize, usize)| &text[span.0..span.1];
    if spans.len() <= FEW {
        let mut later = &*spans;
        while let Some((one, rest)) = later.split_first() {
            if rest.iter().any(|other| key(one) == key(other)) {
                return true;
            }
            later = rest;
        }
        return false;
    }
    spans.sort_unstable_by(|a, b| key(a).cmp(key(b)));
    spans.windows(2).any(|pair| key(&pair[0]) == key(&pair[1]))
}

fn number(number: Number<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
    if number.is_float {
        write_float(out, number.to_f64()?);
    } else {
        out.extend_from_slice(Integer::from_number(number)?.as_str().as_bytes());
    }
    Ok(())
}
