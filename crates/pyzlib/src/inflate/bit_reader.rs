//! Bits of a stream. Upstream: `NEEDBITS`, `BITS` and `DROPBITS` of `inflate.c`.

/// The longest stream.
pub(super) const MAX_STREAM: usize = 8 << 10;

/// A stream, and any bytes after it. Reading a stream looks at most two words ahead.
pub(super) type Input = [u8; MAX_STREAM + 16];

/// Reads bits, each byte from its lowest bit up. It does not know where the stream ends.
#[derive(Clone, Copy)]
pub(super) struct BitReader<'i> {
    input: &'i Input,
    /// The offset of the first byte that `bits` does not count.
    next: usize,
    /// The next bits, the first one lowest.
    hold: u64,
    /// How many bits of `hold` are ready, modulo 64: only the lowest six bits mean anything. The bits
    /// of `hold` above those are zeros, or already the ones that follow.
    bits: u32,
}

impl<'i> BitReader<'i> {
    pub(super) fn new(input: &'i Input) -> Self {
        Self { input, next: 0, hold: 0, bits: 0 }
    }

    /// Makes at least 56 bits ready. `None` at the end of the input.
    ///
    /// It adds a whole word and counts only the bytes that fit completely. The bits above them are
    /// added again by the next refill, which does not change them.
    #[inline(always)]
    pub(super) fn refill(&mut self) -> Option<()> {
        let word = self.input.get(self.next..)?.first_chunk()?;
        self.hold |= u64::from_le_bytes(*word).wrapping_shl(self.bits);
        self.next += (!self.bits >> 3) as usize % 8;
        self.bits |= 56;
        Some(())
    }

    /// Calls [`BitReader::refill`] unless `count` bits are ready.
    #[inline(always)]
    pub(super) fn require(&mut self, count: u32) -> Option<()> {
        if self.bits % 64 < count { self.refill() } else { Some(()) }
    }

    /// The next bits, the first one lowest.
    #[inline(always)]
    pub(super) fn peek(&self) -> u64 {
        self.hold
    }

    /// Skips bits that are ready. Only the lowest six bits of `count` mean anything.
    #[inline(always)]
    pub(super) fn skip(&mut self, count: u32) {
        self.bits = self.bits.wrapping_sub(count);
        self.hold = self.hold.wrapping_shr(count);
    }

    /// Reads a number of `count` bits that are ready.
    #[inline(always)]
    pub(super) fn take(&mut self, count: u32) -> usize {
        let number = self.hold & ((1 << count) - 1);
        self.skip(count);
        number as usize
    }

    /// The offset of the first byte of which no bit has been read.
    pub(super) fn offset(&self) -> usize {
        self.next - self.bits as usize % 64 / 8
    }
}
