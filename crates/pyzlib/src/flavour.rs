//! The zlibs that Pythons are linked with.

use std::fmt;

/// The zlib whose bytes compressed data carries.
///
/// Python's `zlib.ZLIB_RUNTIME_VERSION` tells which one it is linked with: it ends in `.zlib-ng`
/// for zlib-ng, and is a plain version for stock zlib. Decompressing does not depend on it.
///
/// ```
/// use pyzlib::Flavour;
///
/// assert_eq!(Flavour::from_name("zlib"), Some(Flavour::Zlib));
/// assert_eq!(Flavour::Zlib.to_string(), "zlib");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Flavour {
    /// Stock zlib, in most Pythons. Versions 1.2.13 and 1.3.2 give the same bytes.
    #[default]
    Zlib,
    /// zlib-ng 2.3 with zlib's API: Fedora's Python since Fedora 40, and CPython 3.14 for
    /// Windows.
    #[cfg(feature = "zlib-ng")]
    ZlibNg,
}

impl Flavour {
    /// The flavours that this build supports.
    pub const ALL: &[Self] = &[
        Self::Zlib,
        #[cfg(feature = "zlib-ng")]
        Self::ZlibNg,
    ];

    /// The name of the library: `zlib` or `zlib-ng`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Zlib => "zlib",
            #[cfg(feature = "zlib-ng")]
            Self::ZlibNg => "zlib-ng",
        }
    }

    /// The flavour with this [`name`](Self::name), if this build supports it.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|flavour| flavour.name() == name)
    }
}

impl fmt::Display for Flavour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
