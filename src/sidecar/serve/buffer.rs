//! A thread's buffer, from which messages are cut without copying.

use std::ops::Range;

use zeroize::Zeroize;

/// Input, and how much of it is cut into messages.
///
/// The bytes from `filled` on are always zero.
pub(super) struct Buffer {
    /// Bytes that are kept after a rare long message.
    kept: usize,
    bytes: Vec<u8>,
    filled: usize,
    /// The end of what is cut.
    start: usize,
    /// No line feed is between `start` and here.
    searched: usize,
}

impl Buffer {
    pub(super) fn new(kept: usize) -> Self {
        Self { kept, bytes: Vec::new(), filled: 0, start: 0, searched: 0 }
    }

    /// The most bytes that are kept while there is no long message.
    pub(super) fn kept(&self) -> usize {
        self.kept
    }

    /// Moves what isn't cut yet out, for another thread. Messages that were cut stay in place.
    pub(super) fn carry_out(&mut self, carried: &mut Vec<u8>) {
        let uncut = &mut self.bytes[self.start..self.filled];
        carried.extend_from_slice(uncut);
        uncut.fill(0);
        (self.filled, self.searched) = (self.start, self.start);
    }

    /// Moves in what a thread carried out, if anything. The buffer is empty then.
    pub(super) fn carry_in(&mut self, carried: &mut Vec<u8>) {
        let length = carried.len();
        if length == 0 {
            return;
        }
        self.space(length).copy_from_slice(carried);
        self.filled += length;
        carried.fill(0);
        carried.clear();
    }

    /// Overwrites what was cut, because any of it may have held a secret.
    pub(super) fn wipe(&mut self) {
        let end = self.filled;
        self.bytes.copy_within(self.start..end, 0);
        self.filled -= self.start;
        self.searched -= self.start;
        self.start = 0;
        self.bytes[self.filled..end].fill(0);
    }

    /// Wipes, and returns room for `length` more bytes, to be reported to [`Buffer::filled`].
    pub(super) fn space(&mut self, length: usize) -> &mut [u8] {
        if self.start > 0 {
            self.wipe();
        }
        let needed = self.filled + length;
        if needed <= self.kept && self.bytes.len() > self.kept {
            self.bytes.truncate(needed);
            self.bytes.shrink_to(self.kept);
        }
        if self.bytes.len() < needed {
            // Doubles, so that a long message isn't copied for every block.
            let mut larger = vec![0; needed.max(2 * self.filled)];
            larger[..self.filled].copy_from_slice(&self.bytes[..self.filled]);
            self.bytes[..self.filled].zeroize();
            self.bytes = larger;
        }
        &mut self.bytes[self.filled..needed]
    }

    /// Reports how much of [`Buffer::space`] was filled.
    pub(super) fn filled(&mut self, length: usize) {
        self.filled += length;
    }

    /// The bytes that messages are ranges of, until the next [`Buffer::wipe`] or [`Buffer::space`].
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The part of [`Buffer::bytes`] that is cut.
    pub(super) fn cut(&self) -> &[u8] {
        &self.bytes[..self.start]
    }

    /// The part of [`Buffer::bytes`] that isn't cut yet.
    pub(super) fn uncut(&self) -> &[u8] {
        &self.bytes[self.start..self.filled]
    }

    /// Cuts this many bytes, which must be there.
    pub(super) fn take(&mut self, length: usize) -> Range<usize> {
        let start = self.start;
        self.start += length;
        self.searched = self.start;
        start..self.start
    }

    /// Cuts the next line if it is complete; its place without the line feed.
    pub(super) fn take_line(&mut self) -> Option<Range<usize>> {
        let Some(at) = memchr::memchr(b'\n', &self.bytes[self.searched..self.filled]) else {
            self.searched = self.filled;
            return None;
        };
        let line = self.start..self.searched + at;
        self.start = line.end + 1;
        self.searched = self.start;
        Some(line)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        // The rest is zero already.
        self.bytes[..self.filled].zeroize();
    }
}
