//! Bytes on their way to bits. Upstream: `NEEDBITS`, `BITS` and `DROPBITS` of `inflate.c`.

/// Reads bits, the lowest of a byte first. Behind the end of the stream there are zeros: that too
/// much was read is seen by [`Bits::rest`] alone, so that nothing before it has to ask.
pub(super) struct Bits<'s> {
    stream: &'s [u8],
    /// Where the bytes begin that are not counted in `bits`; perhaps behind the end.
    next: usize,
    /// The bits that come next, the first lowest; above `bits` of them those that follow, or zeros.
    hold: u64,
    bits: u32,
}

impl<'s> Bits<'s> {
    pub(super) fn new(stream: &'s [u8]) -> Self {
        Self { stream, next: 0, hold: 0, bits: 0 }
    }

    /// Makes at least 56 bits ready.
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

    /// Fewer than eight bytes, and zeros.
    fn last_bytes(&self) -> u64 {
        let rest = self.stream.get(self.next..).unwrap_or_default();
        rest.iter().rev().fold(0, |word, &byte| word << 8 | u64::from(byte))
    }

    /// [`Bits::refill`], unless `count` bits are ready.
    #[inline(always)]
    pub(super) fn require(&mut self, count: u32) {
        if self.bits < count {
            self.refill();
        }
    }

    /// What comes next, the first bit lowest.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.hold
    }

    /// Steps over some of the bits that are ready.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.bits = self.bits.wrapping_sub(count);
        self.hold >>= count;
    }

    /// Reads a number of some bits, which are ready.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> usize {
        let number = self.hold & ((1 << count) - 1);
        self.skip(count);
        number as usize
    }

    /// The bytes behind the one that is begun; `None` where more was read than there is.
    pub(super) fn rest(&self) -> Option<&'s [u8]> {
        self.stream.get(self.next - self.bits as usize / 8..)
    }
}
