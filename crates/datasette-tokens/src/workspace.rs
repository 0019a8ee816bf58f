//! The space that signing and verifying work in.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use pyjson::Keys;
use pyzlib::{Compressor, Decompressor};

/// Bytes of scratch space kept from one call to the next.
const KEPT_CAPACITY: usize = 1 << 20;

/// The space that one call works in: a compressor, a decompressor and buffers.
///
/// To set one up costs as much as dozens of tokens, so keep one for each thread. It holds no secret
/// and no key.
///
/// ```
/// use datasette_tokens::{Datasette, RawTokenRequest, Secret, Workspace};
///
/// let datasette = Datasette::builder().secret(Secret::new("not a secret".to_owned())?).build();
/// let mut workspace = Workspace::new();
/// let mut out = Vec::new();
/// for id in [r#""ann""#, r#""bob""#] {
///     let request = RawTokenRequest::new(id);
///     datasette.create_token_into(&request, 1_700_000_000.0, &mut workspace, &mut out)?;
///     out.push(b'\n');
/// }
/// assert_eq!(workspace.payload(), br#"{"a":"bob","t":1700000000}"#);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Default)]
pub struct Workspace {
    pub(crate) compressor: Compressor,
    pub(crate) decompressor: Decompressor,
    /// The JSON that is signed or was verified.
    pub(crate) payload: Vec<u8>,
    pub(crate) compressed: Vec<u8>,
    /// What the base64 of a payload stands for: JSON, or compressed JSON.
    pub(crate) decoded: Vec<u8>,
    pub(crate) keys: Keys,
}

impl Workspace {
    /// A workspace. Its parts are allocated when they are first needed.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The JSON of the payload that the last call signed, in Python's spelling.
    pub fn payload(&self) -> &[u8] {
        &self.payload
    }

    /// Gives back what a rare large value took. Call it now and then, such as after a batch.
    pub fn shrink(&mut self) {
        self.payload.shrink_to(KEPT_CAPACITY);
        self.compressed.shrink_to(KEPT_CAPACITY);
        self.decoded.shrink_to(KEPT_CAPACITY);
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Workspace { ... }")
    }
}

/// Workspaces for callers who bring none.
#[derive(Default)]
pub(crate) struct Pool(Mutex<Vec<Workspace>>);

impl Pool {
    /// Idle workspaces kept, some 600 kB each once used.
    const KEPT: usize = 4;

    pub(crate) fn with<T>(&self, work: impl FnOnce(&mut Workspace) -> T) -> T {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut workspace = lock().pop().unwrap_or_default();
        let result = work(&mut workspace);
        workspace.shrink();
        let mut idle = lock();
        if idle.len() < Self::KEPT {
            idle.push(workspace);
        }
        result
    }
}
