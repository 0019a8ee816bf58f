//! Codes packed into bytes. Upstream: `send_bits` of `trees.c`.

/// Bits that do not fill a byte yet.
#[derive(Default)]
pub(super) struct Bits {
    pub(super) pending: u64,
    pub(super) count: u32,
}

/// Writes bits to a buffer, each byte from its lowest bit up.
pub(super) struct BitWriter<'buffer> {
    /// Each write stores a whole word, so this is longer than what is written.
    buffer: &'buffer mut [u8],
    /// 32 bits, so that the end of a word takes one comparison: adding to it cannot overflow.
    written: u32,
    /// Bits that are not in the buffer yet: fewer than 8 after [`BitWriter::flush`].
    pending: u64,
    count: u32,
}

impl<'buffer> BitWriter<'buffer> {
    /// How many bytes longer than the output a buffer must be.
    pub(super) const SPARE: usize = 8;

    /// Continues after these bits, which are fewer than 8.
    pub(super) fn new(buffer: &'buffer mut [u8], Bits { pending, count }: Bits) -> Self {
        Self { buffer, written: 0, pending, count }
    }

    /// Adds bits. At most 56 bits fit between two calls of [`BitWriter::flush`]: a match, the most
    /// that callers add, has at most 15 + 5 + 15 + 13.
    pub(super) fn add(&mut self, (bits, count): (u32, u8)) {
        self.pending |= u64::from(bits) << self.count;
        self.count += u32::from(count);
    }

    /// Moves whole bytes to the buffer. The bits that are left are written too, as the beginning of
    /// the next byte, so the last byte of a block is complete without more.
    #[inline(always)]
    pub(super) fn flush(&mut self) {
        let at = self.written as usize;
        self.buffer[at..at + Self::SPARE].copy_from_slice(&self.pending.to_le_bytes());
        self.written += self.count / 8;
        self.pending >>= self.count & !7;
        self.count %= 8;
    }

    /// The number of whole bytes in the buffer, and the bits after them.
    pub(super) fn finish(self) -> (usize, Bits) {
        (self.written as usize, Bits { pending: self.pending, count: self.count })
    }

    /// `bi_windup` and bytes: adds zeros up to a whole byte, and then these bytes.
    #[inline(always)]
    pub(super) fn push_bytes(&mut self, bytes: &[u8]) {
        self.count = self.count.next_multiple_of(8);
        self.flush();
        self.buffer[self.written as usize..][..bytes.len()].copy_from_slice(bytes);
        self.written += bytes.len() as u32;
    }

    /// Adds the code of each item, three per flush. Inlined to keep the writer's state in
    /// registers.
    #[inline(always)]
    pub(super) fn push_all<T: Copy>(&mut self, items: &[T], code: impl Fn(T) -> (u32, u8)) {
        let mut rest = items;
        while let [first, second, third, after @ ..] = rest {
            [first, second, third].into_iter().for_each(|&item| self.add(code(item)));
            self.flush();
            rest = after;
        }
        if let &[first, ref second @ ..] = rest {
            self.add(code(first));
            if let &[second, ..] = second {
                self.add(code(second));
            }
            self.flush();
        }
    }
}
