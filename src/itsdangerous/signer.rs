//! Key derivation and HMAC. Upstream: `itsdangerous/signer.py`.

use std::collections::VecDeque;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};

use crate::secret::Secret;

/// Bytes of a signature in base64: 20 of SHA-1, without padding.
const SIGNATURE_LENGTH: usize = 27;

/// `itsdangerous.Signer` with HMAC-SHA1 for one namespace (itsdangerous' `salt`).
pub struct Signer {
    /// The HMAC with the key already taken in, so that a signature costs no key schedule.
    keyed: Hmac<Sha1>,
}

impl Signer {
    /// `Signer.derive_key` by the default method, "django-concat":
    /// `sha1(salt + b"signer" + secret_key)`.
    fn new(secret: &Secret, namespace: &str) -> Self {
        let key = Sha1::new()
            .chain_update(namespace)
            .chain_update("signer")
            .chain_update(secret.as_bytes())
            .finalize();
        // HMAC takes keys of any length, so the error cannot occur; a zero key would be wrong.
        let Ok(keyed) = Hmac::<Sha1>::new_from_slice(&key) else {
            unreachable!("HMAC refused a key of 20 bytes")
        };
        Self { keyed }
    }

    /// `Signer.sign`: appends a dot and the signature of what stands in `out` from `start` on.
    pub fn sign(&self, out: &mut Vec<u8>, start: usize) {
        let mut mac = self.keyed.clone();
        mac.update(&out[start..]);
        let signature = mac.finalize().into_bytes();
        out.push(b'.');
        let end = out.len();
        out.resize(end + SIGNATURE_LENGTH, 0);
        let written = URL_SAFE_NO_PAD.encode_slice(signature, &mut out[end..]);
        debug_assert_eq!(written, Ok(SIGNATURE_LENGTH));
    }
}

/// The list of secrets that itsdangerous calls `secret_keys`, with the signers made from them.
#[derive(Default)]
pub struct Keyring {
    /// Oldest first, as itsdangerous has them: the last one signs.
    secrets: Vec<Secret>,
    /// Whether the last one may sign; otherwise all of them are old.
    can_sign: bool,
    /// The signers of recent namespaces, the latest first.
    signers: VecDeque<(Box<str>, Signer)>,
}

impl Keyring {
    /// How many namespaces are kept ready. Datasette and its plugins use a handful.
    const MAX_SIGNERS: usize = 64;

    /// Takes secrets from the oldest to the newest, which signs.
    #[must_use]
    pub fn new(secrets: Vec<Secret>) -> Self {
        Self { secrets, can_sign: true, signers: VecDeque::new() }
    }

    /// Takes old secrets, from the oldest to the newest, none of which signs.
    #[must_use]
    pub fn verify_only(secrets: Vec<Secret>) -> Self {
        Self { can_sign: false, ..Self::new(secrets) }
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
        let known = self.signers.iter().position(|(name, _)| **name == *namespace);
        let at = match known {
            Some(at) => at,
            None => {
                let signer = Signer::new(self.secrets.last().filter(|_| self.can_sign)?, namespace);
                if self.signers.len() == Self::MAX_SIGNERS {
                    self.signers.pop_back();
                }
                self.signers.push_front((namespace.into(), signer));
                0
            }
        };
        self.signers.get(at).map(|(_, signer)| signer)
    }
}
