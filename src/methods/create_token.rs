//! `create_token`, as a method and for a record of `dstok create-tokens`.

use super::args::Args;
use super::table::METHODS;
use super::{Failure, Param, Session};
use crate::datasette::{Error, Param as Argument, Restrictions, TokenRequest};
use crate::guard_rails::Minted;
use crate::pyjson::Integer;

/// The name of the method.
pub(super) const NAME: &str = "create_token";

/// What stands in for a parameter that is not given, or is null or an empty collection.
#[derive(Clone, Debug, Default)]
pub struct Defaults<'a> {
    /// `expires_after`, in seconds.
    pub expires_after: Option<Integer<'a>>,
    /// `restrict_all`, `restrict_database` and `restrict_resource`, each by itself.
    pub restrictions: Restrictions<'a>,
}

pub(super) fn run(
    session: &mut Session,
    args: &Args<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    out.push(b'"');
    mint(session, args, &Defaults::default(), NAME, out)?;
    out.push(b'"');
    Ok(())
}

/// Appends the token that the method answers for parameters given by name, each with its JSON
/// text and the number of containers that are open in it at most. `made_by` is for the audit
/// log.
///
/// # Errors
/// The [`Failure`] that the method would answer with; what `out` then holds from its old end on
/// is to be dropped.
pub fn create_token<'a, 'n>(
    session: &mut Session,
    members: impl IntoIterator<Item = (&'n str, &'a str, usize)>,
    defaults: &Defaults<'a>,
    made_by: &str,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    mint(session, &Args::of_members(params(), members)?, defaults, made_by, out)
}

/// Whether the method has a parameter of that name.
#[must_use]
pub fn is_create_token_parameter(name: &[u8]) -> bool {
    params().iter().any(|param| param.name.as_bytes() == name)
}

fn params() -> &'static [Param] {
    METHODS.iter().find(|method| method.name == NAME).map_or(&[], |method| method.params)
}

fn mint<'a>(
    session: &mut Session,
    args: &Args<'a>,
    defaults: &Defaults<'a>,
    made_by: &str,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let expires_after = args.integer("expires_after")?.or_else(|| defaults.expires_after.clone());
    let old_shape = Restrictions {
        all: args.json("restrict_all"),
        database: args.json("restrict_database"),
        resource: args.json("restrict_resource"),
    }
    .without_empty();
    let new_shape = args.restrictions("restrictions")?.without_empty();
    if !old_shape.is_empty() && !new_shape.is_empty() {
        return Err(Failure::invalid_param(
            b"restrictions",
            "restrictions cannot be given together with restrict_all, restrict_database or \
             restrict_resource",
        ));
    }
    let given = if new_shape.is_empty() { old_shape } else { new_shape };
    let restrictions = Restrictions {
        all: given.all.or(defaults.restrictions.all),
        database: given.database.or(defaults.restrictions.database),
        resource: given.resource.or(defaults.restrictions.resource),
    };
    let now = session.now(args)?;
    let request = TokenRequest { actor_id: args.required("actor_id"), expires_after, restrictions };
    let start = out.len();
    session.datasette.create_token(&request, now, out).map_err(|error| match error {
        Error::Invalid { param, reason } if param != Argument::ActorId && !new_shape.is_empty() => {
            let member = param.name().trim_start_matches("restrict_");
            Failure::invalid_param(b"restrictions", format!("restrictions.{member} {reason}"))
        }
        error => error.into(),
    })?;
    if session.guard_rails.any() {
        let time = session.clock.now();
        let minted = Minted { token: &out[start..], method: made_by, time, now };
        session.guard_rails.release(&request, session.datasette.actions(), &minted)?;
    }
    Ok(())
}
