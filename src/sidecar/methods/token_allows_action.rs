//! `token_allows_action`.

use super::method::{Args, Examples, Failure, Method, MethodResult, Session};
use super::parameter::{NOW, TOKEN};
use super::restrictions_allow_action::{ACTION, RESOURCE, read_action, read_resource};
use super::verify_token;

pub(super) const METHOD: Method = Method {
    name: "token_allows_action",
    summary: "Verifies a token and says whether its restrictions allow an action",
    description: "Does what verify_token and restrictions_allow_action do, in one call. allowed is \
                  false if the actor is null, and true for a token without restrictions. It is \
                  about the token only: Datasette decides what the actor may do. Before 1.0a20, \
                  Datasette has no such check.",
    parameters: &[TOKEN, ACTION, RESOURCE, NOW],
    result: MethodResult { name: "access", schema: "Access" },
    // Those of restrictions_allow_action are among them.
    errors: verify_token::METHOD.errors,
    examples: Examples::Fixtures(&[
        "token_allows_unrestricted",
        "token_allows_table_without_resource",
        "token_allows_without_prefix",
    ]),
    run,
};

fn run(session: &mut Session, args: &Args<'_>, out: &mut Vec<u8>) -> Result<(), Failure> {
    let [token, action, resource, now] = args.values();
    let token = token.string()?;
    let (action, resource) = (read_action(action)?, read_resource(resource)?);
    let now = session.time(now)?;
    let Session { datasette, workspace, .. } = session;
    let resource = resource.as_ref();
    Ok(datasette.token_allows_action_into(&token, &action, resource, now, workspace, out)?)
}
