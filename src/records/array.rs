//! A JSON array, cut into its elements. Whether an element is valid JSON is not judged here.

use std::ops::Range;

use super::csv::Malformed;

/// What the start of a text holds.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Piece {
    /// An element; empty for what is between elements.
    pub(super) element: Range<usize>,
    /// Bytes to the end of the piece.
    pub(super) length: usize,
}

/// Finds the elements of an array. A text that ends too early can be longer in the next call.
#[derive(Debug, Default)]
pub(super) struct Elements {
    place: Place,
    /// How many containers of the element are open here.
    depth: u64,
    is_in_string: bool,
    /// The element goes on at this offset.
    at: usize,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Place {
    #[default]
    Before,
    /// An element or the end of the array follows.
    First,
    Element,
    After,
}

impl Elements {
    /// The next piece, or `None` if more text is needed. With `is_end` there is no more.
    ///
    /// # Errors
    /// The array isn't closed, or isn't one.
    pub(super) fn next(&mut self, text: &[u8], is_end: bool) -> Result<Option<Piece>, Malformed> {
        let malformed = |problem| Err(Malformed { at: 0, problem });
        let between = |length| Ok(Some(Piece { element: 0..0, length }));
        let blank = text.len() - text.trim_ascii_start().len();
        // A carriage return may be half of a line end, which counts as one line.
        let is_half = blank == text.len() && text.ends_with(b"\r") && !is_end;
        match (self.place, text.get(blank)) {
            _ if self.at == 0 && is_half && blank == 1 => Ok(None),
            _ if self.at == 0 && blank > 0 => between(blank - usize::from(is_half)),
            (Place::After, None) => Ok(None),
            (_, None) if is_end => malformed("the JSON array is not closed; is it complete?"),
            (_, None) => Ok(None),
            (Place::After, _) => malformed("unexpected text after the JSON array"),
            (Place::Before, _) => {
                self.place = Place::First;
                between(1)
            }
            (Place::First, Some(b']')) => {
                self.place = Place::After;
                between(1)
            }
            (_, Some(b']' | b',')) if self.at == 0 => malformed("extra comma in the JSON array"),
            _ => match self.element_end(text) {
                None if is_end => malformed("the JSON array is not closed after this element"),
                None => Ok(None),
                Some(end) => {
                    self.place = if text[end] == b',' { Place::Element } else { Place::After };
                    self.at = 0;
                    let element = 0..text[..end].trim_ascii_end().len();
                    Ok(Some(Piece { element, length: end + 1 }))
                }
            },
        }
    }

    /// The place of the comma or bracket after the element.
    fn element_end(&mut self, text: &[u8]) -> Option<usize> {
        while let Some(byte) = text.get(self.at) {
            match byte {
                b'\\' if self.is_in_string && self.at + 1 == text.len() => return None,
                b'\\' if self.is_in_string => self.at += 1,
                b'"' => self.is_in_string = !self.is_in_string,
                _ if self.is_in_string => {}
                b',' | b']' if self.depth == 0 => return Some(self.at),
                b'{' | b'[' => self.depth += 1,
                b'}' | b']' => self.depth = self.depth.saturating_sub(1),
                _ => {}
            }
            self.at += 1;
        }
        None
    }
}
