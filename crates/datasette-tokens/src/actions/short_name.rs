//! Names that are hashed and compared without a call.

use std::hash::{Hash, Hasher};

/// A name of up to 24 bytes as numbers, which overlap where the name is shorter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ShortName {
    length: usize,
    first: u64,
    middle: u64,
    last: u64,
}

impl ShortName {
    /// `None` for a longer name.
    #[inline(always)]
    pub(super) fn new(name: &[u8]) -> Option<Self> {
        let length = name.len();
        let word = |bytes: Option<&[u8; 8]>| bytes.map(|bytes| u64::from_le_bytes(*bytes));
        let (first, middle, last) = match (word(name.first_chunk()), word(name.last_chunk())) {
            (Some(first), Some(last)) if length <= 16 => (first, 0, last),
            (Some(first), Some(last)) if length <= 24 => {
                (first, word(name[8..].first_chunk())?, last)
            }
            (Some(_), _) => return None,
            (None, _) => (name.iter().fold(0, |word, &byte| word << 8 | u64::from(byte)), 0, 0),
        };
        Some(Self { length, first, middle, last })
    }
}

impl Hash for ShortName {
    /// Names of different lengths seldom agree in everything else.
    #[inline(always)]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.first);
        state.write_u64(self.middle);
        state.write_u64(self.last);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn they_are_equal_where_names_are(a in "[ab\0]{0,26}", b in "[ab\0]{0,26}") {
            let names = [&a, &b].map(|name| ShortName::new(name.as_bytes()));
            prop_assert_eq!(names.map(|name| name.is_some()), [&a, &b].map(|name| name.len() <= 24));
            if names[0].is_some() {
                prop_assert_eq!(names[0] == names[1], a == b);
            }
        }
    }

    #[test]
    fn every_byte_counts() {
        for length in 0..=24 {
            let name = vec![b'x'; length];
            for at in 0..length {
                let mut other = name.clone();
                other[at] = b'y';
                assert_ne!(ShortName::new(&name), ShortName::new(&other), "{length} {at}");
            }
            assert_ne!(ShortName::new(&name), ShortName::new(&[&name[..], b"\0"].concat()));
        }
    }
}
