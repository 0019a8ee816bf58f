//! Key derivation and HMAC. Upstream: `itsdangerous/signer.py`.

use std::fmt;
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use sha1::digest::Output;
use sha1::{Digest, Sha1};
use sha2::Sha512;
use zeroize::Zeroize;

use super::{Version, base64_decode, base64_encode};
use crate::secret::{Secret, lock_pages};

/// `itsdangerous.Signer` with HMAC-SHA1 for one namespace (itsdangerous' `salt`). The keys are
/// as good as the secret there, and overwritten on drop as it is.
pub struct Signer {
    /// The HMAC with the key already taken in, so that a signature costs no key schedule.
    keyed: Hmac<Sha1>,
    /// The same for itsdangerous 1.1's fallback.
    keyed_sha512: Hmac<Sha512>,
}

impl Signer {
    /// `Signer.derive_key` by the default method, "django-concat":
    /// `sha1(salt + b"signer" + secret_key)`.
    fn new(secret: &Secret, namespace: &str) -> Self {
        Self {
            keyed: keyed::<Sha1, _>(secret, namespace),
            keyed_sha512: keyed::<Sha512, _>(secret, namespace),
        }
    }

    /// `Signer.verify_signature` for one secret.
    ///
    /// The signatures are compared in constant time, so how long it takes tells nothing about
    /// the right signature. It does tell the length of the value and, with several secrets,
    /// which of them matched.
    fn verify(&self, value: &[u8], signature: &[u8], version: Version) -> bool {
        let sha1 = self.keyed.clone().chain_update(value).verify_slice(signature);
        sha1.is_ok()
            || (version.accepts_sha512()
                && self.keyed_sha512.clone().chain_update(value).verify_slice(signature).is_ok())
    }

    /// `Signer.sign`: appends a dot and the signature of what stands in `out` from `start` on.
    pub fn sign(&self, out: &mut Vec<u8>, start: usize) {
        let mut mac = self.keyed.clone();
        mac.update(&out[start..]);
        let signature = mac.finalize().into_bytes();
        out.push(b'.');
        base64_encode(&signature, out);
    }
}

/// The HMAC by the key that is derived with the hash function `D`.
fn keyed<D: Digest, M: Mac + KeyInit>(secret: &Secret, namespace: &str) -> M {
    let mut key = Output::<D>::default();
    D::new()
        .chain_update(namespace)
        .chain_update("signer")
        .chain_update(secret.as_bytes())
        .finalize_into(&mut key);
    let keyed = <M as KeyInit>::new_from_slice(&key);
    key.as_mut_slice().zeroize();
    match keyed {
        Ok(keyed) => keyed,
        // HMAC takes keys of any length; any other key would be wrong.
        Err(_) => unreachable!("HMAC refused a key"),
    }
}

/// The list of secrets that itsdangerous calls `secret_keys`, with the signers made from them.
#[derive(Default)]
pub struct Keyring {
    /// Oldest first, as itsdangerous has them: the last one signs.
    secrets: Arc<[Secret]>,
    /// Whether the last one may sign; otherwise all of them are old.
    can_sign: bool,
    /// The signers of recent namespaces, the latest first; each has one a secret, newest first.
    signers: Vec<(Box<str>, Vec<Signer>)>,
}

impl Keyring {
    /// How many namespaces are kept ready. Datasette and its plugins use a handful.
    const MAX_SIGNERS: usize = 64;
    /// Of longer namespaces, in bytes, only the latest is kept: they come from anywhere.
    const LONG_NAMESPACE: usize = 256;

    /// Takes secrets from the oldest to the newest, which signs.
    #[must_use]
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets: secrets.into(), can_sign: true, signers: Vec::new() }
    }

    /// Takes old secrets, from the oldest to the newest, none of which signs.
    #[must_use]
    pub fn verify_only(secrets: Vec<Secret>) -> Self {
        Self { can_sign: false, ..Self::new(secrets) }
    }

    /// The same secrets for another thread: shared, not copied.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { secrets: Arc::clone(&self.secrets), can_sign: self.can_sign, signers: Vec::new() }
    }

    /// How many secrets there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// Whether there is no secret.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// The signer of a namespace with the newest secret; `None` where no secret may sign.
    pub fn signer(&mut self, namespace: &str) -> Option<&Signer> {
        let can_sign = self.can_sign;
        self.signers(namespace).first().filter(|_| can_sign)
    }

    /// `Signer.unsign`: what was signed, and by which secret, 0 being the newest.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn unsign<'s>(
        &mut self,
        signed: &'s [u8],
        namespace: &str,
        version: Version,
    ) -> Result<(&'s [u8], usize), BadSignature> {
        let dot = signed.iter().rposition(|&byte| byte == b'.').ok_or(BadSignature::NoSeparator)?;
        let (value, signature) = (&signed[..dot], &signed[dot + 1..]);
        let signature = base64_decode(signature).ok_or(BadSignature::DoesNotMatch)?;
        let matches = |signer: &Signer| signer.verify(value, &signature, version);
        match self.signers(namespace).iter().position(matches) {
            Some(secret) => Ok((value, secret)),
            None => Err(BadSignature::DoesNotMatch),
        }
    }

    fn signers(&mut self, namespace: &str) -> &[Signer] {
        match self.signers.iter().position(|(name, _)| **name == *namespace) {
            Some(0) => {}
            Some(at) => self.signers[..=at].rotate_right(1),
            None => {
                let newest_first = self.secrets.iter().rev();
                let signers: Vec<_> =
                    newest_first.map(|secret| Signer::new(secret, namespace)).collect();
                lock_pages(&signers);
                if namespace.len() > Self::LONG_NAMESPACE {
                    self.signers.retain(|(name, _)| name.len() <= Self::LONG_NAMESPACE);
                }
                self.signers.truncate(Self::MAX_SIGNERS - 1);
                self.signers.insert(0, (namespace.into(), signers));
            }
        }
        self.signers.first().map_or(&[], |(_, signers)| signers)
    }
}

/// Why a value is not accepted: `itsdangerous.BadSignature`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BadSignature {
    /// There is no dot, so no signature.
    NoSeparator,
    /// The signature is of another value, namespace or secret.
    DoesNotMatch,
}

impl fmt::Display for BadSignature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoSeparator => "there is no \".\" in the value, so it is not signed",
            Self::DoesNotMatch => {
                "the signature does not match: another secret or namespace, or a changed value"
            }
        })
    }
}
