//! `create_token`, as a method and for each record of `dstok create-tokens`.

use datasette_tokens::{Error, Integer, RawRestrictions, RawTokenRequest};
use pyjson::{Kind, RawValue, Scanner};

use super::failure::invalid_argument;
use super::method::{Args, Bound, ErrorKind, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NOW, optional, required};
use crate::policy::Mint;

/// The method.
pub const METHOD: Method = Method {
    name: "create_token",
    summary: "A signed API token, as datasette.create_token() makes it",
    description: "Creates an API token for an actor. The token holds the actor, the time, how long it \
                  is valid, and what it is restricted to. Give the restrictions as restrict_all, \
                  restrict_database and restrict_resource, or together as restrictions. Without \
                  any, the token may do whatever its actor may. Options of the process can limit \
                  tokens and record them.",
    parameters: &[
        required("actor_id", "ActorId", "The actor; any JSON value, in Datasette a string"),
        optional("expires_after", "OptionalSeconds", "Lifetime in seconds; 0 or null: no expiry"),
        optional("restrict_all", "RestrictAll", "Actions allowed everywhere"),
        optional("restrict_database", "RestrictDatabase", "Actions allowed by database"),
        optional(
            "restrict_resource",
            "RestrictResource",
            "Actions allowed by database and resource",
        ),
        optional("restrictions", "OptionalRestrictions", "The same three in one object"),
        NOW,
    ],
    result: MethodResult { name: "token", schema: "Token" },
    errors: &[
        ErrorKind::NoSecret,
        ErrorKind::SignedTokensDisabled,
        ErrorKind::NotSupported,
        ErrorKind::Policy,
    ],
    examples: Examples::Fixtures(&[
        "actor_id_root",
        "expires_after_hour",
        "restrict_all",
        "restrict_database",
        "restrict_resource",
        "restrict_all_and_resource_newer_shape",
    ]),
    run,
};

/// The values of parameters that are missing, null or an empty collection.
#[derive(Clone, Debug, Default)]
pub struct Defaults<'a> {
    /// `expires_after`, in seconds.
    pub expires_after: Option<Integer>,
    /// `restrict_all`, `restrict_database` and `restrict_resource`, each by itself.
    pub restrictions: RawRestrictions<'a>,
}

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    out.push(b'"');
    mint(session, args, &Defaults::default(), METHOD.name, out)?;
    out.push(b'"');
    Ok(())
}

/// Appends the token that the method answers for parameters given by name. `made_by` is for the
/// audit log.
///
/// # Errors
/// The [`Failure`] that the method would answer with; `out` is then as it was.
pub fn create_token<'a, 'n>(
    session: &mut Session,
    parameters: impl IntoIterator<Item = (&'n str, RawValue<'a>)>,
    defaults: &Defaults<'a>,
    made_by: &str,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let mut args = Args::new(METHOD.parameters);
    args.bind_members(parameters)?;
    mint(session, &args, defaults, made_by, out)
}

fn mint<'a>(
    session: &mut Session,
    args: &Args<'a>,
    defaults: &Defaults<'a>,
    made_by: &str,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let [actor_id, expires_after, all, database, resource, restrictions, now] = args.values();
    let expires_after = expires_after.integer()?.or_else(|| defaults.expires_after.clone());
    let separate = RawRestrictions {
        all: all.given_json(),
        database: database.given_json(),
        resource: resource.given_json(),
    }
    .without_empty();
    let together = members(restrictions)?.without_empty();
    if !separate.is_empty() && !together.is_empty() {
        let others = "restrict_all, restrict_database or restrict_resource";
        return Err(restrictions.invalid(format_args!("cannot be given together with {others}")));
    }
    let given = if together.is_empty() { separate } else { together };
    let request = RawTokenRequest {
        actor_id: actor_id.json,
        expires_after,
        restrictions: RawRestrictions {
            all: given.all.or(defaults.restrictions.all),
            database: given.database.or(defaults.restrictions.database),
            resource: given.resource.or(defaults.restrictions.resource),
        },
    };
    let now = session.time(now)?;
    let Session { datasette, policy, workspace, clock, .. } = session;
    let start = out.len();
    let made = datasette.create_token_into(&request, now, workspace, out);
    made.map_err(|error| creation_failure(error, !together.is_empty()))?;
    // An error of Datasette comes before a refusal.
    if !policy.concerns_tokens() {
        return Ok(());
    }
    let (payload, actions, time) = (workspace.payload(), datasette.actions(), clock.now());
    let mint = Mint { token: &out[start..], payload, request: &request, actions, made_by, time };
    policy.release(&mint).map_err(|reason| {
        out.truncate(start);
        Failure::new(ErrorKind::Policy, reason)
    })
}

/// The failure for an error of the library, which knows no parameter `restrictions`.
fn creation_failure(error: Error, has_restrictions: bool) -> Failure {
    match error {
        Error::InvalidArgument(error) if has_restrictions && error.argument() != "actor_id" => {
            let member = error.argument().trim_start_matches("restrict_");
            invalid_argument("restrictions", &format!("restrictions.{member}"), &error)
        }
        error => error.into(),
    }
}

/// The members of the parameter `restrictions`.
fn members(restrictions: Bound<'_>) -> Result<RawRestrictions<'_>, Failure> {
    let mut members = RawRestrictions::default();
    let Some(text) = restrictions.given_json() else { return Ok(members) };
    let mut scanner = Scanner::new(text);
    if scanner.peek_kind() != Ok(Kind::Object) {
        return Err(restrictions.invalid("must be an object"));
    }
    let json_error = |error| restrictions.json_error(error);
    scanner.begin_object().map_err(json_error)?;
    while let Some(name) = scanner.next_key().map_err(json_error)? {
        let member = match name.to_python().as_wtf8() {
            b"all" => &mut members.all,
            b"database" => &mut members.database,
            b"resource" => &mut members.resource,
            _ => return Err(restrictions.invalid("may have all, database and resource only")),
        };
        *member = Some(scanner.raw_value().map_err(json_error)?.text);
    }
    Ok(members)
}
