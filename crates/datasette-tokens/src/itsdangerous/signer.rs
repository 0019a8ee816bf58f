//! Key derivation and HMAC. Upstream: `itsdangerous/signer.py`.

use std::{hint::black_box, sync::OnceLock};

use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1, digest::Output};
use sha2::Sha512;
use zeroize::Zeroize;

use super::encoding::base64_encode;
use crate::Secret;

/// Bytes of a signature by SHA-1, and by SHA-512.
const SHA1_LENGTH: usize = 20;
const SHA512_LENGTH: usize = 64;

/// A release of itsdangerous, by the signatures it accepts. Both sign with HMAC-SHA1.
///
/// ```
/// use datasette_tokens::itsdangerous::Version;
///
/// assert_eq!(Version::from_name("1.1"), Some(Version::V1_1));
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Version {
    /// 2.x: HMAC-SHA1.
    #[default]
    V2_2,
    /// 1.1.0: HMAC-SHA1, then HMAC-SHA512 by its `default_fallback_signers`.
    V1_1,
}

impl Version {
    /// Both.
    pub const ALL: [Self; 2] = [Self::V2_2, Self::V1_1];

    /// The name in options and configuration: `2.2` or `1.1`.
    pub fn name(self) -> &'static str {
        match self {
            Self::V2_2 => "2.2",
            Self::V1_1 => "1.1",
        }
    }

    /// Whether a signature may have this many bytes.
    pub(crate) fn accepts_length(self, bytes: usize) -> bool {
        bytes == SHA1_LENGTH || bytes == SHA512_LENGTH && self == Self::V1_1
    }

    /// The version with that name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.name() == name)
    }
}

/// `itsdangerous.Signer` for one secret and one namespace (itsdangerous's `salt`), which every call is
/// given. Its keys are as good as the secret there, and overwritten on drop as it is. Each is derived
/// when it is first needed.
#[derive(Default)]
pub(super) struct Signer {
    /// The state of the HMAC with its key. Each signature starts from a copy.
    sha1: OnceLock<Hmac<Sha1>>,
    /// The same for the fallback of itsdangerous 1.1.
    sha512: OnceLock<Hmac<Sha512>>,
}

impl Signer {
    /// `Signer.verify_signature`. The length of the signature says which hash it may be by.
    ///
    /// Signatures are compared in constant time: how long it takes says nothing about the right
    /// signature. It does depend on the length of the value.
    pub(super) fn verify(
        &self,
        (secret, namespace): (&Secret, &str),
        value: &[u8],
        signature: &[u8],
    ) -> bool {
        if signature.len() == SHA512_LENGTH {
            let keyed = self.sha512.get_or_init(|| keyed::<Sha512, _>(secret, namespace));
            return matches(keyed, value, signature);
        }
        let keyed = self.sha1.get_or_init(|| keyed::<Sha1, _>(secret, namespace));
        matches(keyed, value, signature)
    }

    /// `Signer.sign`: appends a dot and the signature of what stands in `out` from `start` on.
    pub(super) fn sign(
        &self,
        (secret, namespace): (&Secret, &str),
        out: &mut Vec<u8>,
        start: usize,
    ) {
        let mut mac = self.sha1.get_or_init(|| keyed::<Sha1, _>(secret, namespace)).clone();
        mac.update(&out[start..]);
        let signature = mac.finalize().into_bytes();
        out.push(b'.');
        base64_encode(&signature, out);
    }
}

/// Whether the HMAC of a value is this one. Not inlined, because the copy would be moved about.
#[inline(never)]
fn matches(keyed: &(impl Mac + Clone), value: &[u8], signature: &[u8]) -> bool {
    let mut mac = keyed.clone();
    mac.update(value);
    mac.verify_slice(signature).is_ok()
}

/// The HMAC under the key that `Signer.derive_key` makes by its default method, "django-concat":
/// `digest(salt + b"signer" + secret_key)`.
fn keyed<D: Digest, M: Mac + KeyInit>(secret: &Secret, namespace: &str) -> M {
    let keyed = derive::<D, M>(secret, namespace);
    wipe_stack();
    keyed
}

#[inline(never)]
fn derive<D: Digest, M: Mac + KeyInit>(secret: &Secret, namespace: &str) -> M {
    let mut key = Output::<D>::default();
    let salted = D::new().chain_update(namespace).chain_update("signer");
    salted.chain_update(secret.as_bytes()).finalize_into(&mut key);
    let keyed = <M as KeyInit>::new_from_slice(&key);
    key.as_mut_slice().zeroize();
    keyed.unwrap_or_else(|_| unreachable!("HMAC accepts a key of any length"))
}

/// Overwrites the part of the stack in which the crates `hmac` and `sha1` leave copies of a key.
#[inline(never)]
fn wipe_stack() {
    let mut stack = [0u64; 256];
    black_box(&mut stack).zeroize();
}
