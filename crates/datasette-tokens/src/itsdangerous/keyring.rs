//! Several secrets and the signers made from them. Upstream: `secret_keys` in
//! `itsdangerous/signer.py`.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use super::{BadSignature, Version, encoding::base64_decode_signature, signer::Signer};
use crate::namespace::{ACTOR_NAMESPACE, TOKEN_NAMESPACE};
use crate::{Secret, mlock::lock_pages};

/// The secrets of a Datasette: at most one that signs, and old ones that only verify.
///
/// itsdangerous lists them from oldest to newest. Here the order is the one of the options and
/// settings around Datasette: the current secret, then the old ones, newest first.
///
/// ```
/// use datasette_tokens::Secret;
/// use datasette_tokens::itsdangerous::Keyring;
///
/// let old = Secret::new("the one before".to_owned())?;
/// let keyring = Keyring::new(Secret::new("the current one".to_owned())?, [old]);
/// assert_eq!(keyring.len(), 2);
/// # Ok::<(), datasette_tokens::Error>(())
/// ```
#[derive(Default)]
pub struct Keyring {
    /// Newest first. Shared with the keyrings made from this one.
    secrets: Box<[Arc<Secret>]>,
    /// Whether the first one signs.
    can_sign: bool,
    /// The signers of the two namespaces that every request uses, which need no lock.
    token: Signers,
    actor: Signers,
    /// The signers of other namespaces, the latest first.
    others: Mutex<Vec<(Box<str>, Arc<Signers>)>>,
}

/// The signers of one namespace, one for each secret. They derive keys when these are needed: old
/// secrets only verify, so a program that only signs never derives theirs.
type Signers = Box<[Signer]>;

fn signers(count: usize) -> Signers {
    let signers: Signers = (0..count).map(|_| Signer::default()).collect();
    lock_pages(&signers);
    signers
}

impl Keyring {
    /// How many other namespaces are kept ready. Datasette and its plugins use a handful.
    const CACHED_NAMESPACES: usize = 64;
    /// Namespaces longer than this, in bytes, aren't kept: they come from anywhere.
    const LONG_NAMESPACE: usize = 256;

    /// A secret that signs, and old ones, newest first, that verify. Without the first, signing fails.
    #[must_use]
    pub fn new(
        secret: impl Into<Option<Secret>>,
        old_secrets: impl IntoIterator<Item = Secret>,
    ) -> Self {
        Self::with_current(secret.into().map(Arc::new), old_secrets)
    }

    /// A keyring with the same current secret, if there is one, and other old secrets.
    #[must_use]
    pub fn with_old_secrets(&self, old_secrets: impl IntoIterator<Item = Secret>) -> Self {
        let current = self.secrets.first().filter(|_| self.can_sign);
        Self::with_current(current.map(Arc::clone), old_secrets)
    }

    fn with_current(
        secret: Option<Arc<Secret>>,
        old_secrets: impl IntoIterator<Item = Secret>,
    ) -> Self {
        let can_sign = secret.is_some();
        let old_secrets = old_secrets.into_iter().map(Arc::new);
        let secrets: Box<[_]> = secret.into_iter().chain(old_secrets).collect();
        let (token, actor) = (signers(secrets.len()), signers(secrets.len()));
        Self { secrets, can_sign, token, actor, others: Mutex::default() }
    }

    /// How many secrets there are.
    pub fn len(&self) -> usize {
        self.secrets.len()
    }

    /// The bytes of all secrets.
    pub fn size(&self) -> usize {
        self.secrets.iter().map(|secret| secret.as_bytes().len()).sum()
    }

    /// Whether there is no secret.
    pub fn is_empty(&self) -> bool {
        self.secrets.is_empty()
    }

    /// Whether there is a secret that signs.
    pub fn can_sign(&self) -> bool {
        self.can_sign
    }

    /// `Signer.sign`: appends a dot and the signature of what stands in `out` from `start` on.
    /// Says whether there is a secret that signs; without one `out` is left as it was.
    pub fn sign(&self, namespace: &str, out: &mut Vec<u8>, start: usize) -> bool {
        if self.can_sign {
            self.with_signers(namespace, |signers| {
                signers[0].sign((&self.secrets[0], namespace), out, start);
            });
        }
        self.can_sign
    }

    /// `Signer.unsign`: what was signed, and which secret signed it, 0 being the newest.
    ///
    /// With several secrets, how long it takes tells which of them matched.
    ///
    /// # Errors
    /// [`BadSignature`].
    pub fn unsign<'s>(
        &self,
        signed: &'s [u8],
        namespace: &str,
        version: Version,
    ) -> Result<(&'s [u8], usize), BadSignature> {
        let dot = memchr::memrchr(b'.', signed).ok_or(BadSignature::NoSeparator)?;
        let (value, signature) = (&signed[..dot], &signed[dot + 1..]);
        let mut buffer = [0; 20];
        let signature =
            base64_decode_signature(signature, &mut buffer).ok_or(BadSignature::DoesNotMatch)?;
        // Nothing is derived for what cannot match.
        if !version.accepts_length(signature.len()) {
            return Err(BadSignature::DoesNotMatch);
        }
        self.with_signers(namespace, |signers| {
            let matches =
                |&at: &usize| signers[at].verify((&self.secrets[at], namespace), value, &signature);
            let secret = (0..self.secrets.len()).find(matches);
            secret.map(|at| (value, at)).ok_or(BadSignature::DoesNotMatch)
        })
    }

    fn with_signers<T>(&self, namespace: &str, work: impl FnOnce(&Signers) -> T) -> T {
        match namespace {
            TOKEN_NAMESPACE => work(&self.token),
            ACTOR_NAMESPACE => work(&self.actor),
            _ if namespace.len() > Self::LONG_NAMESPACE => work(&signers(self.len())),
            _ => work(&self.cached(namespace)),
        }
    }

    fn cached(&self, namespace: &str) -> Arc<Signers> {
        let mut cached = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        match cached.iter().position(|(name, _)| **name == *namespace) {
            Some(at) => cached[..=at].rotate_right(1),
            None => {
                cached.truncate(Self::CACHED_NAMESPACES - 1);
                cached.insert(0, (namespace.into(), Arc::new(signers(self.len()))));
            }
        }
        Arc::clone(&cached[0].1)
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring({} secrets)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn keyring(secrets: &[&str]) -> Keyring {
        let mut secrets = secrets.iter().map(|text| Secret::new((*text).to_owned()).unwrap());
        Keyring::new(secrets.next().unwrap(), secrets)
    }

    fn signed(keyring: &Keyring, namespace: &str) -> Vec<u8> {
        let mut out = b"value".to_vec();
        assert!(keyring.sign(namespace, &mut out, 0));
        out
    }

    #[test]
    fn every_namespace_has_keys_of_its_own_however_many_there_are() {
        let keyring = keyring(&["secret"]);
        let long = "n".repeat(300);
        let mut namespaces: Vec<_> = (0..200).map(|n| format!("namespace {n}")).collect();
        namespaces.extend(["token", "actor", "default", &long].map(str::to_owned));
        let all: Vec<_> = namespaces.iter().map(|n| signed(&keyring, n)).collect();
        for (namespace, value) in namespaces.iter().zip(&all) {
            assert_eq!(*value, signed(&keyring, namespace), "{namespace}");
            for other in ["token", "actor", "default"] {
                let unsigned = keyring.unsign(value, other, Version::V2_2);
                assert_eq!(unsigned.is_ok(), namespace == other, "{namespace} as {other}");
            }
        }
    }

    #[test]
    fn the_newest_secret_signs_and_all_verify() {
        let both = keyring(&["new", "old"]);
        for (secrets, matched) in [(&["new"][..], Some(0)), (&["old"], Some(1)), (&["x"], None)] {
            let value = signed(&keyring(secrets), "token");
            let unsigned = both.unsign(&value, "token", Version::V2_2);
            assert_eq!(unsigned.ok().map(|(_, secret)| secret), matched, "{secrets:?}");
        }
        let old = Keyring::new(None, [Secret::new("old".to_owned()).unwrap()]);
        assert!(!old.sign("token", &mut Vec::new(), 0) && old.len() == 1);
    }

    #[test]
    fn other_old_secrets_leave_the_current_one() {
        let value = |secret| signed(&keyring(&[secret]), "token");
        let older = || Secret::new("older".to_owned()).unwrap();
        let rotated = keyring(&["new", "old"]).with_old_secrets([older()]);
        for (secret, matched) in [("new", Some(0)), ("older", Some(1)), ("old", None)] {
            let value = value(secret);
            let unsigned = rotated.unsign(&value, "token", Version::V2_2);
            assert_eq!(unsigned.ok().map(|(_, secret)| secret), matched, "{secret}");
        }
        assert_eq!(signed(&rotated, "token"), value("new"));
        // There is nothing to keep where no secret signs.
        let verifying = Keyring::new(None, [older()]).with_old_secrets([]);
        assert!(verifying.is_empty() && !verifying.can_sign());
    }
}
