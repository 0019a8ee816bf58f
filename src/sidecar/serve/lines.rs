//! Cuts input into lines, with bounded memory.

use std::ops::Range;

use zeroize::{Zeroize, Zeroizing};

/// The byte order mark that some programs write before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The place of a line in [`Lines::bytes`], without its end. `None` for a line over the limit, the
/// rest of which is discarded unread.
pub(super) type Line = Option<Range<usize>>;

/// What the next thread to read needs to know about the input so far.
#[derive(Default)]
pub(super) struct Carry {
    /// What the last block didn't cut into lines, unless it is still in that thread's buffer.
    uncut: Zeroizing<Vec<u8>>,
    /// How many lines have been cut, blank ones included.
    lines: u64,
    /// Whether the next line was over the limit and has been answered.
    discarding: bool,
    /// Whether the input's start has been checked for a byte order mark.
    started: bool,
}

/// A thread's buffer, and how much of it is cut into lines. Blank lines are skipped, but counted.
///
/// The bytes from `filled` on are always zero.
pub(super) struct Lines {
    max_line: usize,
    /// Bytes of buffer kept after a rare long line.
    kept: usize,
    buffer: Vec<u8>,
    filled: usize,
    /// The end of what is cut.
    start: usize,
    /// No line feed is between `start` and here.
    searched: usize,
}

impl Lines {
    pub(super) fn new(max_line: usize, kept: usize) -> Self {
        Self { max_line, kept, buffer: Vec::new(), filled: 0, start: 0, searched: 0 }
    }

    /// The most bytes of buffer that are kept while there is no long line.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Moves what isn't cut yet out, for another thread. Lines that were cut stay in place.
    pub(super) fn carry_out(&mut self, carry: &mut Carry) {
        let uncut = &mut self.buffer[self.start..self.filled];
        carry.uncut.extend_from_slice(uncut);
        uncut.fill(0);
        (self.filled, self.searched) = (self.start, self.start);
    }

    /// Moves in what a thread carried out, if anything. The buffer is empty then.
    pub(super) fn carry_in(&mut self, carry: &mut Carry) {
        let length = carry.uncut.len();
        if length == 0 {
            return;
        }
        self.space(length).copy_from_slice(&carry.uncut);
        self.filled += length;
        carry.uncut.fill(0);
        carry.uncut.clear();
    }

    /// Overwrites the lines that were cut, because any of them may have held a secret.
    pub(super) fn wipe(&mut self) {
        let end = self.filled;
        self.buffer.copy_within(self.start..end, 0);
        self.filled -= self.start;
        self.searched -= self.start;
        self.start = 0;
        self.buffer[self.filled..end].fill(0);
    }

    /// Wipes, and returns room for `length` more bytes, to be reported to [`Lines::filled`].
    pub(super) fn space(&mut self, length: usize) -> &mut [u8] {
        if self.start > 0 {
            self.wipe();
        }
        let needed = self.filled + length;
        if needed <= self.kept && self.buffer.len() > self.kept {
            self.buffer.truncate(needed);
            self.buffer.shrink_to(self.kept);
        }
        if self.buffer.len() < needed {
            // Doubles, so that a long line isn't copied for every block.
            let mut larger = vec![0; needed.max(2 * self.filled)];
            larger[..self.filled].copy_from_slice(&self.buffer[..self.filled]);
            self.buffer[..self.filled].zeroize();
            self.buffer = larger;
        }
        &mut self.buffer[self.filled..needed]
    }

    /// Reports how much of [`Lines::space`] was filled.
    pub(super) fn filled(&mut self, length: usize) {
        self.filled += length;
    }

    /// The bytes that lines are ranges of, until the next [`Lines::wipe`] or [`Lines::space`].
    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer
    }

    /// The part of [`Lines::bytes`] that is cut into lines.
    pub(super) fn cut(&self) -> &[u8] {
        &self.buffer[..self.start]
    }

    /// Cuts the next complete line; returns it and its number. At the end of the input the
    /// unfinished line is complete too.
    pub(super) fn next(&mut self, carry: &mut Carry, ended: bool) -> Option<(u64, Line)> {
        if !carry.started {
            self.skip_byte_order_mark(carry, ended)?;
        }
        loop {
            let unsearched = &self.buffer[self.searched..self.filled];
            let Some(at) = memchr::memchr(b'\n', unsearched) else {
                self.searched = self.filled;
                return self.incomplete(carry, ended);
            };
            let (start, end) = (self.start, self.searched + at);
            self.start = end + 1;
            self.searched = self.start;
            carry.lines += 1;
            if std::mem::take(&mut carry.discarding) {
                continue;
            }
            let line = &self.buffer[start..end];
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.len() > self.max_line {
                return Some((carry.lines, None));
            }
            if !is_blank(line) {
                return Some((carry.lines, Some(start..start + line.len())));
            }
        }
    }

    /// The line that has no end yet, if it is over the limit already or the input has ended.
    fn incomplete(&mut self, carry: &mut Carry, ended: bool) -> Option<(u64, Line)> {
        let (start, end) = (self.start, self.filled);
        let line = &self.buffer[start..end];
        // The next byte may be a line feed, which makes a carriage return part of the line's end.
        let length =
            if ended { line.len() } else { line.strip_suffix(b"\r").unwrap_or(line).len() };
        if carry.discarding || length > self.max_line {
            self.start = end;
            return (!std::mem::replace(&mut carry.discarding, true))
                .then_some((carry.lines + 1, None));
        }
        if !ended || is_blank(line) {
            return None;
        }
        self.start = end;
        Some((carry.lines + 1, Some(start..end)))
    }

    /// Returns `None` while there are too few bytes to tell.
    fn skip_byte_order_mark(&mut self, carry: &mut Carry, ended: bool) -> Option<()> {
        let bytes = &self.buffer[..self.filled];
        if bytes.starts_with(BYTE_ORDER_MARK) {
            self.start = BYTE_ORDER_MARK.len();
            self.searched = self.start;
        } else if BYTE_ORDER_MARK.starts_with(bytes) && !ended {
            return None;
        }
        carry.started = true;
        Some(())
    }
}

fn is_blank(line: &[u8]) -> bool {
    line.iter().all(|byte| matches!(byte, b' ' | b'\t' | b'\r'))
}

impl Drop for Lines {
    fn drop(&mut self) {
        // The rest is zero already.
        self.buffer[..self.filled].zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds `input` in pieces of `size` bytes, and returns the lines as text, `None` for one over
    /// the limit. Another buffer reads on after each piece with a line in it.
    fn cut(input: &[u8], max_line: usize, size: usize) -> Vec<(u64, Option<Vec<u8>>)> {
        let [mut lines, mut other] = [max_line; 2].map(|max_line| Lines::new(max_line, 1 << 20));
        let mut carry = Carry::default();
        let mut found = Vec::new();
        let mut drain = |lines: &mut Lines, carry: &mut Carry, ended| {
            let before = found.len();
            while let Some((number, line)) = lines.next(carry, ended) {
                found.push((number, line.map(|range| lines.bytes()[range].to_vec())));
            }
            found.len() > before
        };
        for piece in input.chunks(size) {
            lines.space(piece.len())[..piece.len()].copy_from_slice(piece);
            lines.filled(piece.len());
            if drain(&mut lines, &mut carry, false) {
                lines.carry_out(&mut carry);
                lines.wipe();
                assert!(lines.buffer.iter().all(|&byte| byte == 0));
                std::mem::swap(&mut lines, &mut other);
                lines.carry_in(&mut carry);
            }
        }
        drain(&mut lines, &mut carry, true);
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
