//! The space that signing and verifying work in.

use std::fmt;
use std::sync::{Mutex, PoisonError};

use pyjson::Keys;
use pyzlib::{Compressor, Decompressor};

/// Bytes of scratch space kept from one call to the next.
const KEPT_CAPACITY: usize = 1 << 17;

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
    max_payload: Option<usize>,
    has_refused: bool,
    /// Bytes of the largest payload since the last [`Workspace::shrink`].
    largest: usize,
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

    /// Refuses payloads with more bytes than this, where the instance allows more. `None` sets no
    /// limit. Threads that share a budget of memory can so handle large payloads one at a time.
    pub fn limit_payloads(&mut self, bytes: Option<usize>) {
        self.max_payload = bytes;
        self.has_refused = false;
    }

    /// Whether [`Workspace::limit_payloads`] has refused a payload since it was called. The call that
    /// was refused has another outcome without the limit.
    pub fn has_refused(&self) -> bool {
        self.has_refused
    }

    /// The most bytes of a payload, for an instance that allows `max`.
    pub(crate) fn max_payload(&self, max: usize) -> usize {
        self.max_payload.map_or(max, |limit| limit.min(max))
    }

    /// Whether a payload of `length` bytes is within the limits.
    pub(crate) fn allows(&mut self, length: usize, max: usize) -> bool {
        let allows = length <= self.max_payload(max);
        self.largest = self.largest.max(length);
        if !allows {
            self.refuse(max);
        }
        allows
    }

    /// Remembers that something was too large, if an instance that allows `max` would allow more.
    pub(crate) fn refuse(&mut self, max: usize) {
        self.has_refused |= self.max_payload(max) < max;
    }

    /// Gives back what a rare large payload took, and says whether there was one. Call it now and
    /// then, such as after a batch.
    pub fn shrink(&mut self) -> bool {
        self.payload.shrink_to(KEPT_CAPACITY);
        self.compressed.shrink_to(KEPT_CAPACITY);
        self.decoded.shrink_to(KEPT_CAPACITY);
        std::mem::take(&mut self.largest) > KEPT_CAPACITY
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
