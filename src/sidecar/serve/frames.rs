//! Cuts input into frames: headers, a blank line, and as many bytes as `Content-Length` says. This
//! is the base protocol of the Language Server Protocol.

use super::buffer::Buffer;
use super::piece::{Fault, Piece};

/// The most bytes of the headers of one frame.
const MAX_HEADERS: usize = 4096;

const NO_HEADER: &str = "doesn't begin with a header; begin each message with Content-Length, which \
                         counts the bytes of its UTF-8";
const NO_LENGTH: &str = "has no Content-Length";
const TWO_LENGTHS: &str = "has Content-Length twice";
const WRONG_LENGTH: &str = "has a Content-Length that is not a number of bytes";
const WRONG_CHARSET: &str = "has a charset other than utf-8";
const LONG_HEADERS: &str = "has more than 4096 bytes of headers";
const NO_END: &str = "is cut short: the input ends before the frame does";

/// What is known of the frames so far.
#[derive(Default)]
pub(super) struct Frames {
    /// How many frames have begun.
    number: u64,
    state: State,
}

enum State {
    /// In the headers of a frame, or before them.
    Headers(Headers),
    /// In front of this many bytes of content.
    Content(usize),
    /// In a frame over the limit, in front of this many bytes.
    Discarding(u64),
}

impl Default for State {
    fn default() -> Self {
        Self::Headers(Headers::default())
    }
}

#[derive(Default)]
struct Headers {
    /// Bytes of the headers so far; 0 before the first.
    bytes: usize,
    length: Option<u64>,
}

impl Frames {
    /// Cuts the next complete frame; its number, and the place of its content.
    pub(super) fn next(
        &mut self,
        buffer: &mut Buffer,
        max_length: usize,
        ended: bool,
    ) -> Option<(u64, Piece)> {
        let piece = self.piece(buffer, max_length, ended).transpose()?;
        Some((self.number, piece))
    }

    fn piece(
        &mut self,
        buffer: &mut Buffer,
        max_length: usize,
        ended: bool,
    ) -> Result<Option<std::ops::Range<usize>>, Fault> {
        loop {
            let available = buffer.uncut().len();
            match &mut self.state {
                State::Headers(headers) => {
                    let before = headers.bytes;
                    let length = headers.read(buffer, ended).map_err(Fault::Broken);
                    // Its first header counts a frame, and so does what stands in place of one.
                    self.number += u64::from(before == 0 && (headers.bytes > 0 || length.is_err()));
                    let Some(length) = length? else { return Ok(None) };
                    let Some(length) = usize::try_from(length).ok().filter(|n| *n <= max_length)
                    else {
                        self.state = State::Discarding(length);
                        return Err(Fault::TooLong);
                    };
                    self.state = State::Content(length);
                }
                State::Content(length) if available >= *length => {
                    let range = buffer.take(*length);
                    self.state = State::default();
                    return Ok(Some(range));
                }
                State::Content(_) if ended => return Err(Fault::Broken(NO_END)),
                State::Content(_) => return Ok(None),
                State::Discarding(left) => {
                    let discarded = available.min(usize::try_from(*left).unwrap_or(usize::MAX));
                    buffer.take(discarded);
                    *left -= discarded as u64;
                    if *left > 0 {
                        return Ok(None);
                    }
                    self.state = State::default();
                }
            }
        }
    }
}

impl Headers {
    /// Reads lines up to the one that ends the headers; the length of the content behind it. `None`
    /// if that line hasn't come yet.
    fn read(&mut self, buffer: &mut Buffer, ended: bool) -> Result<Option<u64>, &'static str> {
        loop {
            // A peer that sends something else may not end it with a line feed.
            let uncut = buffer.uncut();
            if uncut.first().is_some_and(|byte| !is_token(*byte) && !matches!(byte, b'\r' | b'\n'))
            {
                return Err(NO_HEADER);
            }
            let pending = uncut.len();
            let Some(line) = buffer.take_line() else {
                if self.bytes + pending > MAX_HEADERS {
                    return Err(LONG_HEADERS);
                }
                let is_cut_short = ended && self.bytes + pending > 0;
                return if is_cut_short { Err(NO_END) } else { Ok(None) };
            };
            let line = &buffer.bytes()[line];
            let text = line.strip_suffix(b"\r").unwrap_or(line);
            if text.is_empty() && self.bytes == 0 {
                // Between two frames, blank lines are ignored.
                continue;
            }
            self.bytes += line.len() + 1;
            if self.bytes > MAX_HEADERS {
                return Err(LONG_HEADERS);
            }
            if text.is_empty() {
                return self.length.ok_or(NO_LENGTH).map(Some);
            }
            self.add(text)?;
        }
    }

    /// Reads a header.
    fn add(&mut self, line: &[u8]) -> Result<(), &'static str> {
        let colon = line.iter().position(|byte| *byte == b':').ok_or(NO_HEADER)?;
        let (name, value) = (&line[..colon], line[colon + 1..].trim_ascii());
        if name.is_empty() || !name.iter().copied().all(is_token) {
            return Err(NO_HEADER);
        }
        if name.eq_ignore_ascii_case(b"content-length") {
            let length = number(value).ok_or(WRONG_LENGTH)?;
            return match self.length.replace(length) {
                None => Ok(()),
                Some(_) => Err(TWO_LENGTHS),
            };
        }
        if name.eq_ignore_ascii_case(b"content-type") && !is_utf8(value) {
            return Err(WRONG_CHARSET);
        }
        Ok(())
    }
}

/// Whether a byte can be in the name of a header: a token of RFC 9110.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Digits and nothing else.
fn number(value: &[u8]) -> Option<u64> {
    let text = str::from_utf8(value).ok()?;
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

/// Whether a `Content-Type` names no charset, or UTF-8. Some clients write `utf8`.
fn is_utf8(value: &[u8]) -> bool {
    value.split(|byte| *byte == b';').skip(1).all(|parameter| {
        let mut sides = parameter.splitn(2, |byte| *byte == b'=').map(<[u8]>::trim_ascii);
        let is_charset = sides.next().is_some_and(|name| name.eq_ignore_ascii_case(b"charset"));
        let charset = sides.next().unwrap_or_default();
        let charset = charset.strip_prefix(b"\"").unwrap_or(charset);
        let charset = charset.strip_suffix(b"\"").unwrap_or(charset);
        !is_charset
            || [&b"utf-8"[..], b"utf8"].iter().any(|name| charset.eq_ignore_ascii_case(name))
    })
}
