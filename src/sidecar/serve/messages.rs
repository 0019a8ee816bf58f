//! Cuts input into messages, with bounded memory, in whichever way the peer marks their ends.

use zeroize::Zeroizing;

use super::buffer::Buffer;
use super::frames::Frames;
use super::lines::Lines;
use super::piece::{Fault, Piece};

/// The byte order mark that some programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The headers that the first frame may begin with. No line of JSON begins with a letter like that.
const FIRST_HEADERS: [&[u8]; 2] = [b"content-length:", b"content-type:"];

/// How a session marks where a message ends, both ways.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Framing {
    /// With a line feed.
    #[default]
    Lines,
    /// With a header that says how long the message is.
    Headers,
}

impl Framing {
    /// The word for a message, which stands before its number in an error.
    pub(super) fn noun(self) -> &'static str {
        match self {
            Self::Lines => "line",
            Self::Headers => "frame",
        }
    }

    /// What to do about a message whose JSON ends too early.
    pub(super) fn hint(self) -> &'static str {
        match self {
            Self::Lines => ": the JSON isn't complete; write each request on one line",
            Self::Headers => ": the JSON isn't complete; Content-Length counts bytes of UTF-8",
        }
    }

    /// Marks the end of an answer that begins at `start`.
    pub(super) fn end(self, out: &mut Vec<u8>, start: usize) {
        match self {
            Self::Lines => out.push(b'\n'),
            Self::Headers => {
                let header = format!("Content-Length: {}\r\n\r\n", out.len() - start);
                out.splice(start..start, header.into_bytes());
            }
        }
    }
}

/// What the next thread to read needs to know about the input so far.
#[derive(Default)]
pub(super) struct Messages {
    /// What the last block didn't cut into messages, unless it is still in that thread's buffer.
    pub(super) uncut: Zeroizing<Vec<u8>>,
    state: State,
}

#[derive(Default)]
enum State {
    /// Before the first byte.
    #[default]
    Start,
    /// Behind a byte order mark, if there is one. Too little has come to tell more.
    Unknown,
    Lines(Lines),
    Frames(Frames),
    /// After a message that was broken.
    Broken(Framing),
}

impl Messages {
    /// How the session marks the ends of messages, once there is one.
    pub(super) fn framing(&self) -> Framing {
        match self.state {
            State::Start | State::Unknown | State::Lines(_) => Framing::Lines,
            State::Frames(_) => Framing::Headers,
            State::Broken(framing) => framing,
        }
    }

    /// Whether a message was broken, so that no other can be read.
    pub(super) fn is_broken(&self) -> bool {
        matches!(self.state, State::Broken(_))
    }

    /// Cuts the next complete message; its number and its place. Those over `max_length` have none.
    #[inline]
    pub(super) fn next(
        &mut self,
        buffer: &mut Buffer,
        max_length: usize,
        ended: bool,
    ) -> Option<(u64, Piece)> {
        let next = match &mut self.state {
            State::Lines(lines) => lines.next(buffer, max_length, ended),
            State::Frames(frames) => frames.next(buffer, max_length, ended),
            State::Broken(_) => None,
            State::Start => {
                skip_byte_order_mark(buffer, ended)?;
                self.state = State::Unknown;
                return self.next(buffer, max_length, ended);
            }
            State::Unknown => {
                self.state = begin(buffer.uncut(), ended)?;
                return self.next(buffer, max_length, ended);
            }
        };
        if let Some((_, Err(Fault::Broken(_)))) = next {
            self.state = State::Broken(self.framing());
        }
        next
    }
}

/// Returns `None` while there are too few bytes to tell.
fn skip_byte_order_mark(buffer: &mut Buffer, ended: bool) -> Option<()> {
    let bytes = buffer.uncut();
    if bytes.starts_with(BYTE_ORDER_MARK) {
        buffer.take(BYTE_ORDER_MARK.len());
    } else if BYTE_ORDER_MARK.starts_with(bytes) && !ended {
        return None;
    }
    Some(())
}

/// Tells frames from lines by their first bytes. `None` while there are too few.
fn begin(bytes: &[u8], ended: bool) -> Option<State> {
    let begins_with = |header: &&&[u8]| {
        let length = header.len().min(bytes.len());
        bytes[..length].eq_ignore_ascii_case(&header[..length])
    };
    match FIRST_HEADERS.iter().find(begins_with) {
        Some(header) if bytes.len() >= header.len() => Some(State::Frames(Frames::default())),
        Some(_) if !ended => None,
        _ => Some(State::Lines(Lines::default())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `size` bytes; the messages as text, or what is wrong with them.
    /// Another buffer reads on after each piece with a message in it.
    fn cut(input: &[u8], max_length: usize, size: usize) -> Vec<(u64, Result<Vec<u8>, Fault>)> {
        let [mut buffer, mut other] = [(); 2].map(|()| Buffer::new(1 << 20));
        let mut messages = Messages::default();
        let mut found = Vec::new();
        let mut drain = |buffer: &mut Buffer, messages: &mut Messages, ended| {
            let before = found.len();
            while let Some((number, piece)) = messages.next(buffer, max_length, ended) {
                found.push((number, piece.map(|range| buffer.bytes()[range].to_vec())));
            }
            found.len() > before
        };
        for piece in input.chunks(size) {
            buffer.space(piece.len())[..piece.len()].copy_from_slice(piece);
            buffer.filled(piece.len());
            if drain(&mut buffer, &mut messages, false) {
                buffer.carry_out(&mut messages.uncut);
                buffer.wipe();
                assert!(buffer.bytes().iter().all(|&byte| byte == 0));
                std::mem::swap(&mut buffer, &mut other);
                buffer.carry_in(&mut messages.uncut);
            }
        }
        drain(&mut buffer, &mut messages, true);
        found
    }

    fn text(number: u64, text: &str) -> (u64, Result<Vec<u8>, Fault>) {
        (number, Ok(text.as_bytes().to_vec()))
    }

    fn too_long(number: u64) -> (u64, Result<Vec<u8>, Fault>) {
        (number, Err(Fault::TooLong))
    }

    #[test]
    fn every_way_of_reading_gives_the_same_lines() {
        let input =
            b"\xef\xbb\xbfone\r\n\n \t\r\ntwo\n12345\n12345\r\n123456\n1234567890123\r\n{\n x\n}\nlast";
        let expected = vec![
            text(1, "one"),
            text(4, "two"),
            text(5, "12345"),
            text(6, "12345"),
            too_long(7),
            too_long(8),
            text(9, "{"),
            text(12, "last"),
        ];
        for size in 1..=input.len() {
            assert_eq!(cut(input, 5, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn the_last_line_may_be_blank_too_long_or_a_part_of_a_byte_order_mark() {
        for size in 1..8 {
            assert_eq!(cut(b"a\n  ", 5, size), [text(1, "a")]);
            assert_eq!(cut(b"a\n123456", 5, size), [text(1, "a"), too_long(2)]);
            assert_eq!(cut(b"\xef\xbb", 5, size), [(1, Ok(b"\xef\xbb".to_vec()))]);
            assert_eq!(cut(b"\xef\xbb\xbf", 5, size), []);
            assert_eq!(cut(b"\xef\xbb\xbf\xef\xbb\xbf", 3, size), [text(1, "\u{feff}")]);
            assert_eq!(cut(b"", 5, size), []);
            assert_eq!(cut(b"12345\r", 5, size), [too_long(1)]);
            assert_eq!(cut(b"{\n}", 5, size), [text(1, "{")]);
            assert_eq!(cut(b"Content-Len", 20, size), [text(1, "Content-Len")]);
        }
    }

    #[test]
    fn every_way_of_reading_gives_the_same_frames() {
        let input = b"\xef\xbb\xbfcontent-TYPE: x/y; Charset=\"UTF8\"\nX: y:z\nContent-length:\t3 \r\n\r\none\
            \r\n\nContent-Length: 5\r\n\r\n{\r\n}\nContent-Length: 00\n\nContent-Length: 6\r\n\r\n123456\
            Content-Length: 0000000000000000000003\n\nend\r\n";
        let expected =
            vec![text(1, "one"), text(2, "{\r\n}\n"), text(3, ""), too_long(4), text(5, "end")];
        for size in 1..=input.len() {
            assert_eq!(cut(input, 5, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn what_breaks_a_session_is_said_once_and_ends_it() {
        let long = format!("Content-Type: {}", "x".repeat(5000));
        let many = format!("Content-Length: 1\n{}\nx", "A: b\n".repeat(1000));
        for (broken, word) in [
            ("Content-Type: x\n\n{}", "no Content-Length"),
            ("Content-Length: 2\nContent-Length: 2\n\n{}", "twice"),
            ("Content-Length: -2\n\n{}", "not a number"),
            ("Content-Length: +2\n\n{}", "not a number"),
            ("Content-Length:\n\n{}", "not a number"),
            ("Content-Length: 2.0\n\n{}", "not a number"),
            ("Content-Length: 18446744073709551616\n\n{}", "not a number"),
            ("Content-Length: 2\nContent-Type: x; charset=latin-1\n\n{}", "charset"),
            ("Content-Length: 2\nno colon\n\n{}", "header"),
            ("Content-Length: 2\nX : y\n\n{}", "header"),
            ("Content-Length: 2\n folded: y\n\n{}", "header"),
            (": 2\n\n{}", "header"),
            ("{\"jsonrpc\"", "header"),
            ("POST / HTTP/1.1\r\n", "header"),
            (&*long, "4096"),
            (&*many, "4096"),
            ("Content-Length: 2\n\n{", "cut short"),
            ("Content-Length: 2\n\n", "cut short"),
            ("Content-Length: 2\n", "cut short"),
            ("Con", "cut short"),
        ] {
            let input = format!("Content-Length: 2\r\n\r\n[]{broken}");
            for size in [1, 2, 3, 50, input.len()] {
                let found = cut(input.as_bytes(), 5, size);
                assert_eq!(found[0], text(1, "[]"));
                let [_, (2, Err(Fault::Broken(reason)))] = found[..] else { panic!("{found:?}") };
                assert!(reason.contains(word), "{broken}: {reason}");
            }
        }
        for broken in
            ["Content-Length: 2", "CONTENT-TYPE:x", "POST / HTTP/1.1\r", "GET /a HTTP/1.0"]
        {
            for size in [1, 2, 3, 50] {
                let found = cut(format!("[]\n\n{broken}\n{{}}\n").as_bytes(), 50, size);
                let [_, (3, Err(Fault::Broken(_)))] = found[..] else { panic!("{found:?}") };
            }
        }
    }
}
