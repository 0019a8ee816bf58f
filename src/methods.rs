//! Layer 3: the method table. Params in, result out, and the one map from errors to codes.

mod args;
mod clock;
mod configure;
mod create_token;
mod discover;
mod table;
mod verify;

use serde_json::json;

use crate::datasette::{Datasette, Error, TOKEN_NAMESPACE};
use crate::guard_rails::{GuardRails, Refusal};
use crate::rpc::{ErrorKind, Failure, Params};
use args::Args;
pub use clock::{Clock, system_now};
pub use configure::{newer_release_warning, setting};
pub use create_token::{Defaults, create_token, is_create_token_parameter};
pub use table::{METHODS, Method, Param};
pub use verify::{status_name, write_inspection};

/// What one connection talks to.
pub struct Session {
    /// The instance.
    pub datasette: Datasette,
    /// The clock of methods that read one; let it go on before requests that come later.
    pub clock: Clock,
    /// What whoever started the process forbids, and where minted tokens are recorded.
    pub guard_rails: GuardRails,
    /// Takes what a person should be told and no answer can carry.
    pub warn: fn(&str),
}

/// Runs a method and appends the JSON text of its result.
///
/// # Errors
/// The [`Failure`] to answer with; what `out` then holds from its old end on is to be dropped.
pub fn call(
    session: &mut Session,
    method: &[u8],
    params: &Params<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    // The name is not repeated: it may be anything, a misplaced token for one.
    let method = METHODS.iter().find(|known| known.name.as_bytes() == method).ok_or_else(|| {
        Failure::new(ErrorKind::MethodNotFound, "Method not found: rpc.discover lists the methods")
    })?;
    let mut args = Args::new(method.params);
    args.bind(params)?;
    (method.run)(session, &args, out)
}

/// Whether a method changes the session for those after it.
#[must_use]
pub fn changes_session(method: &[u8]) -> bool {
    method == table::CONFIGURE.as_bytes()
}

impl Session {
    /// A session of its own with the same configuration, for another thread.
    #[must_use]
    pub fn fork(&self) -> Self {
        Self { datasette: self.datasette.fork(), guard_rails: self.guard_rails.clone(), ..*self }
    }

    fn now(&mut self, args: &Args<'_>) -> Result<f64, Failure> {
        Ok(args.float("now")?.unwrap_or_else(|| self.clock.now()))
    }
}

fn sign(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let namespace = args.string("namespace")?;
    let namespace = namespace.as_deref().unwrap_or("default");
    if namespace == TOKEN_NAMESPACE && session.guard_rails.any() {
        return Err(Refusal::SignedToken.into());
    }
    out.push(b'"');
    session.datasette.sign(args.required("value"), namespace, out)?;
    out.push(b'"');
    Ok(())
}

fn create_actor_cookie(
    session: &mut Session,
    args: &Args<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let expire_after = args.integer("expire_after")?;
    let now = session.now(args)?;
    out.push(b'"');
    let actor = args.required("actor");
    session.datasette.create_actor_cookie(actor, expire_after.as_ref(), now, out)?;
    out.push(b'"');
    Ok(())
}

fn configure(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    configure::Changes::read(args)?.apply(session);
    write_info(session, out);
    Ok(())
}

fn info(session: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    write_info(session, out);
    Ok(())
}

fn write_info(session: &Session, out: &mut Vec<u8>) {
    let datasette = &session.datasette;
    let info = json!({
        "name": env!("CARGO_PKG_NAME"),
        "version": env!("CARGO_PKG_VERSION"),
        "protocol": 1,
        "datasette_version": datasette.release().name(),
        "datasette_version_known": datasette.release().is_known(),
        "zlib": datasette.zlib().name(),
        "itsdangerous": datasette.itsdangerous.name(),
        "settings": {
            "allow_signed_tokens": datasette.settings.allow_signed_tokens,
            "max_signed_tokens_ttl": datasette.settings.max_signed_tokens_ttl,
        },
        "secrets": datasette.secrets(),
        "methods": METHODS.iter().map(|method| method.name).collect::<Vec<_>>(),
    });
    out.extend_from_slice(info.to_string().as_bytes());
}

fn ping(_: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    out.extend_from_slice(br#""pong""#);
    Ok(())
}

fn rpc_discover(_: &mut Session, _: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    out.extend_from_slice(discover::document(METHODS).to_string().as_bytes());
    Ok(())
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let message = error.to_string();
        match error {
            Error::Invalid { param, .. } => Self::invalid_param(param.name().as_bytes(), message),
            Error::NotSupported(_) => Self::new(ErrorKind::NotSupported, message),
            Error::NoSecret => Self::new(
                ErrorKind::NoSecret,
                "no secret is configured: start dstok with --secret-file or DATASETTE_SECRET, \
                 or call configure with a secret",
            ),
            Error::BadSignature(_) => Self::new(ErrorKind::BadSignature, message),
            Error::BadPayload(_) | Error::NotJson => Self::new(ErrorKind::BadPayload, message),
            Error::TokenInvalid(_) => Self::new(ErrorKind::TokenInvalid, message),
            Error::SignedTokensDisabled => Self::new(ErrorKind::SignedTokensDisabled, message),
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::new(ErrorKind::Policy, refusal.to_string())
    }
}
