//! A method, and the session that it is called in: all that the file of a method uses.

use std::sync::{Arc, OnceLock};

use datasette_tokens::{Datasette, Workspace};

pub(super) use super::args::{Args, Bound};
use super::clock::Clock;
use super::parameter::Parameter;
use crate::names::nearest;
use crate::policy::Policy;
use crate::sidecar::protocol::Params;
pub(super) use crate::sidecar::protocol::{ErrorKind, Failure};

/// A method of the protocol.
#[derive(Debug)]
pub struct Method {
    /// Its name on the wire.
    pub name: &'static str,
    /// What it does, in a line.
    pub summary: &'static str,
    /// What a caller should know of it.
    pub description: &'static str,
    /// Its parameters, in positional order.
    pub parameters: &'static [Parameter],
    /// What it answers.
    pub result: MethodResult,
    /// The errors that it can answer, besides those of every method.
    pub errors: &'static [ErrorKind],
    /// Calls and their results.
    pub examples: Examples,
    /// Appends the JSON text of the result.
    pub(super) run: fn(&mut Session, &Args<'_>, &mut Vec<u8>) -> Result<(), Failure>,
}

/// What a method answers.
#[derive(Debug)]
pub struct MethodResult {
    /// Its name in the OpenRPC document.
    pub name: &'static str,
    /// The name of its schema in `schemas.json`.
    pub schema: &'static str,
}

/// Where the examples of a method come from.
#[derive(Debug)]
pub enum Examples {
    /// Scenarios of `compat-fixtures/`, by name. `examples.json` holds them.
    Fixtures(&'static [&'static str]),
    /// A call of what Datasette doesn't have: names and JSON texts of its params.
    Own(&'static [(&'static str, &'static str)]),
}

/// What methods are called with: one for each worker and block.
pub struct Session {
    /// The instance that requests are answered for. It never changes; `configure` replaces it.
    pub datasette: Arc<Datasette>,
    /// The space that signing and verifying work in.
    pub workspace: Workspace,
    /// The clock. It shows the same time until it is refreshed.
    pub clock: Clock,
    /// What the process forbids, and where it records tokens.
    pub policy: Arc<Policy>,
    /// Tells a person what no answer can carry.
    pub warn: fn(&str),
    /// The answer of `rpc.discover`, once it was asked for.
    pub document: Arc<OnceLock<String>>,
    /// All methods. See [`Session::allowed_methods`] for those that can be called.
    pub methods: &'static [Method],
}

impl Session {
    /// A session for another worker.
    #[must_use]
    pub fn for_worker(&self) -> Self {
        let (datasette, policy) = (Arc::clone(&self.datasette), Arc::clone(&self.policy));
        let (document, workspace) = (Arc::clone(&self.document), Workspace::new());
        Self { datasette, policy, document, workspace, ..*self }
    }

    /// The methods that can be called: `--methods` may allow some of them only.
    pub fn allowed_methods(&self) -> impl Iterator<Item = &'static Method> {
        self.methods.iter().filter(|method| self.policy.allows_method(method.name))
    }

    /// What a call with this `now` takes for the time, in Unix seconds.
    pub(super) fn time(&mut self, now: Bound<'_>) -> Result<f64, Failure> {
        Ok(now.number()?.unwrap_or_else(|| self.clock.now()))
    }
}

/// Runs a method and appends the JSON text of its result.
///
/// # Errors
/// The [`Failure`] to answer with. `out` may then hold more than before, which the caller drops.
pub fn call(
    session: &mut Session,
    method: &[u8],
    params: &Params<'_>,
    out: &mut Vec<u8>,
) -> Result<(), Failure> {
    let known = session.methods.iter().find(|known| known.name.as_bytes() == method);
    let method = known.ok_or_else(|| not_found(session, method))?;
    if !session.policy.allows_method(method.name) {
        let message = format!("{} is disabled: to enable it, add it to --methods", method.name);
        return Err(Failure::new(ErrorKind::Policy, message));
    }
    let mut args = Args::new(method.parameters);
    args.bind(params)?;
    (method.run)(session, &args, out)
}

/// The message doesn't repeat the name, which may be anything, such as a misplaced token.
#[cold]
fn not_found(session: &Session, name: &[u8]) -> Failure {
    let name = str::from_utf8(name).unwrap_or_default();
    let message = match nearest(&name.into(), session.allowed_methods().map(|known| known.name)) {
        Some(nearest) => format!("Method not found: did you mean {nearest}?"),
        None => "Method not found: rpc.discover lists the methods".to_owned(),
    };
    Failure::new(ErrorKind::MethodNotFound, message)
}
