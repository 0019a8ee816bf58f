//! Bits of a stream. Upstream: `NEEDBITS`, `BITS` and `DROPBITS` of `inflate.c`.

/// Reads bits, each byte from its lowest bit up. Reads zeros after the end of the stream, so that
/// only [`BitReader::rest`] has to check for it.
pub(super) struct BitReader<'s> {
    stream: &'s [u8],
    /// The offset of the first byte that `bits` does not count. It may be behind the end.
    next: usize,
    /// The next bits, the first one lowest.
    hold: u64,
    /// How many bits of `hold` are ready. Those above are zeros, or already the ones that follow.
    bits: u32,
}

impl<'s> BitReader<'s> {
    pub(super) fn new(stream: &'s [u8]) -> Self {
        Self { stream, next: 0, hold: 0, bits: 0 }
    }

    /// Makes at least 56 bits ready.
    ///
    /// It adds a whole word and counts only the bytes that fit completely. The bits above them are
    /// added again by the next refill, which does not change them.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        let word = match self.stream.get(self.next..).and_then(|rest| rest.first_chunk()) {
            Some(word) => u64::from_le_bytes(*word),
            None => self.last_bytes(),
        };
        self.hold |= word << self.bits;
        self.next += (63 - self.bits) as usize / 8;
        self.bits |= 56;
    }

    /// The last bytes, fewer than eight, and zeros.
    fn last_bytes(&self) -> u64 {
        let rest = self.stream.get(self.next..).unwrap_or(&[]);
        rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
    }

    /// Calls [`BitReader::refill`] unless `count` bits are ready.
    #[inline(always)]
    pub(super) fn require(&mut self, count: u32) {
        if self.bits < count {
            self.refill();
        }
    }

    /// The next bits, the first one lowest.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.hold
    }

    /// Skips bits that are ready.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u8) {
        self.bits = self.bits.wrapping_sub(count.into());
        self.hold >>= count;
    }

    /// Reads a number of `count` bits that are ready.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u8) -> usize {
        let number = self.hold & ((1 << count) - 1);
        self.skip(count);
        number as usize
    }

    /// The bytes after the current one, or `None` if more bits were read than there are.
    pub(super) fn rest(&self) -> Option<&'s [u8]> {
        self.stream.get(self.next - self.bits as usize / 8..)
    }
}
