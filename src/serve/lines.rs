//! From blocks of bytes to lines, with bounded memory.

use std::ops::Range;

use zeroize::Zeroize;

/// The bytes that some programs put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of buffer kept after a rare long line.
const KEPT_CAPACITY: usize = 1 << 20;

/// A line that is to be answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    /// Where in [`Lines::bytes`] the line stands, without its end.
    Text(Range<usize>),
    /// A line over the limit; the rest of it is discarded unread.
    TooLong,
}

impl Line {
    /// Bytes that are to be read.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Text(range) => range.len(),
            Self::TooLong => 0,
        }
    }
}

/// Cuts what was read into lines. Blank ones are left out, but count.
pub(super) struct Lines {
    max_line: usize,
    buffer: Vec<u8>,
    /// What of the buffer is filled, already cut, and known to hold no line feed.
    filled: usize,
    start: usize,
    searched: usize,
    place: Place,
}

/// Where in the input the line stands that is cut next.
#[derive(Clone, Copy)]
struct Place {
    /// The number of the line, from 1.
    number: u64,
    /// Whether the line was over the limit and answered.
    discarding: bool,
    /// Whether a byte order mark was looked for.
    started: bool,
}

impl Default for Place {
    fn default() -> Self {
        Self { number: 1, discarding: false, started: false }
    }
}

/// The beginning of a line, on its way from the thread that read it to the one that reads on.
#[derive(Default)]
pub(super) struct Unfinished {
    bytes: Vec<u8>,
    place: Place,
}

impl Lines {
    pub(super) fn new(max_line: usize) -> Self {
        Self {
            max_line,
            buffer: Vec::new(),
            filled: 0,
            start: 0,
            searched: 0,
            place: Place::default(),
        }
    }

    /// Leaves the line whose end is not there yet to another thread. What [`Lines::next`] gave
    /// stays where it is.
    pub(super) fn hand_over(&mut self, unfinished: &mut Unfinished) {
        unfinished.bytes.extend_from_slice(&self.buffer[self.start..self.filled]);
        unfinished.place = self.place;
    }

    /// Goes on with the line that was handed over, in a buffer that was cleared.
    pub(super) fn take_over(&mut self, unfinished: &mut Unfinished) {
        let length = unfinished.bytes.len();
        self.space(length).copy_from_slice(&unfinished.bytes);
        self.filled = length;
        self.searched = length;
        self.place = unfinished.place;
        unfinished.bytes.fill(0);
        unfinished.bytes.clear();
    }

    /// Overwrites all that was read: any of it may have brought a secret.
    pub(super) fn clear(&mut self) {
        self.buffer[..self.filled].fill(0);
        (self.filled, self.start, self.searched) = (0, 0, 0);
    }

    /// Room for at least `length` bytes more, to be reported by [`Lines::filled`].
    ///
    /// Lines that were cut are overwritten, because any of them may have brought a secret.
    pub(super) fn space(&mut self, length: usize) -> &mut [u8] {
        if self.start > 0 {
            let end = self.filled;
            self.buffer.copy_within(self.start..end, 0);
            self.filled -= self.start;
            self.searched -= self.start;
            self.start = 0;
            self.buffer[self.filled..end].fill(0);
        }
        let needed = self.filled + length;
        if needed <= KEPT_CAPACITY && self.buffer.capacity() > 2 * KEPT_CAPACITY {
            self.buffer.truncate(needed);
            self.buffer.shrink_to(KEPT_CAPACITY);
        }
        if self.buffer.len() < needed {
            // Twice the size each time, so that a long line is not copied for every block.
            let mut larger = vec![0; needed.max(2 * self.filled)];
            larger[..self.filled].copy_from_slice(&self.buffer[..self.filled]);
            self.buffer[..self.filled].zeroize();
            self.buffer = larger;
        }
        let end = self.buffer.len().min(needed);
        &mut self.buffer[self.filled..end]
    }

    /// Says how much of [`Lines::space`] was filled.
    pub(super) fn filled(&mut self, length: usize) {
        self.filled += length;
    }

    /// What the lines are ranges of, until [`Lines::space`] is asked for again.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The next line that is complete, and its number. At the end of the input what is left is
    /// a line too.
    pub(super) fn next(&mut self, ended: bool) -> Option<(u64, Line)> {
        if !self.place.started {
            self.skip_byte_order_mark(ended)?;
        }
        loop {
            let unsearched = &self.buffer[self.searched..self.filled];
            let Some(at) = memchr::memchr(b'\n', unsearched) else {
                self.searched = self.filled;
                return self.incomplete(ended);
            };
            let (start, end) = (self.start, self.searched + at);
            self.start = end + 1;
            self.searched = self.start;
            let number = self.place.number;
            self.place.number += 1;
            if std::mem::take(&mut self.place.discarding) {
                continue;
            }
            let line = &self.buffer[start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > self.max_line {
                return Some((number, Line::TooLong));
            }
            if !is_blank(line) {
                return Some((number, Line::Text(start..start + line.len())));
            }
        }
    }

    /// The line whose end is not there yet: over the limit already, or ended by the input.
    fn incomplete(&mut self, ended: bool) -> Option<(u64, Line)> {
        let (start, end) = (self.start, self.filled);
        let line = &self.buffer[start..end];
        // A carriage return at the very end may belong to the line's end.
        let length =
            if ended { line.len() } else { line.strip_suffix(b"\r").unwrap_or(line).len() };
        if self.place.discarding || length > self.max_line {
            self.start = end;
            return (!std::mem::replace(&mut self.place.discarding, true))
                .then_some((self.place.number, Line::TooLong));
        }
        if !ended || is_blank(line) {
            return None;
        }
        self.start = end;
        Some((self.place.number, Line::Text(start..end)))
    }

    /// `None` while it is not certain whether there is one.
    fn skip_byte_order_mark(&mut self, ended: bool) -> Option<()> {
        let bytes = &self.buffer[..self.filled];
        if bytes.starts_with(BYTE_ORDER_MARK) {
            self.start = BYTE_ORDER_MARK.len();
            self.searched = self.start;
        } else if BYTE_ORDER_MARK.starts_with(bytes) && !ended {
            return None;
        }
        self.place.started = true;
        Some(())
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

impl Drop for Lines {
    fn drop(&mut self) {
        // Behind what is filled stands nothing but zeros.
        self.buffer[..self.filled].zeroize();
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `size` bytes; the lines as text, `None` for one too long.
    /// From line to line it is handed on to another thread's buffer, if that may be.
    fn cut(input: &[u8], max_line: usize, size: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let [mut lines, mut other] = [Lines::new(max_line), Lines::new(max_line)];
        let mut unfinished = Unfinished::default();
        let mut found = Vec::new();
        let mut drain = |lines: &mut Lines, ended| {
            let before = found.len();
            while let Some((number, line)) = lines.next(ended) {
                found.push((
                    number,
                    match line {
                        Line::Text(range) => Some(lines.bytes()[range].to_vec()),
                        Line::TooLong => None,
                    },
                ));
            }
            found.len() > before
        };
        for piece in input.chunks(size) {
            lines.space(piece.len())[..piece.len()].copy_from_slice(piece);
            lines.filled(piece.len());
            if drain(&mut lines, false) {
                lines.hand_over(&mut unfinished);
                lines.clear();
                assert!(lines.buffer.iter().all(|&byte| byte == 0));
                std::mem::swap(&mut lines, &mut other);
                lines.take_over(&mut unfinished);
            }
        }
        drain(&mut lines, true);
        found
    }

    fn text(number: u64, line: &str) -> (u64, Option<Vec<u8>>) {
        (number, Some(line.as_bytes().to_vec()))
    }

    #[test]
    fn every_way_of_reading_gives_the_same_lines() {
        let input =
            b"\xef\xbb\xbfone\r\n\n \t\r\ntwo\n12345\n12345\r\n123456\n1234567890123\r\nlast";
        let expected = vec![
            text(1, "one"),
            text(4, "two"),
            text(5, "12345"),
            text(6, "12345"),
            (7, None),
            (8, None),
            text(9, "last"),
        ];
        for size in 1..=input.len() {
            assert_eq!(cut(input, 5, size), expected, "pieces of {size}");
        }
    }

    #[test]
    fn the_last_line_may_be_blank_too_long_or_a_part_of_a_byte_order_mark() {
        for size in 1..8 {
            assert_eq!(cut(b"a\n  ", 5, size), [text(1, "a")]);
            assert_eq!(cut(b"a\n123456", 5, size), [text(1, "a"), (2, None)]);
            assert_eq!(cut(b"\xef\xbb", 5, size), [(1, Some(b"\xef\xbb".to_vec()))]);
            assert_eq!(cut(b"\xef\xbb\xbf", 5, size), []);
            assert_eq!(cut(b"", 5, size), []);
            assert_eq!(cut(b"12345\r", 5, size), [(1, None)]);
        }
    }
}
