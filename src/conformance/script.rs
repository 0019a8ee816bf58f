//! Which requests are sent, in which order, and to how many processes.

use serde_json::{Value, json};

use super::fixtures::{Config, Expected, Group, Scenario};
use super::now::params_with_now;

/// The requests to one process. A request's id is its index.
pub(crate) struct Script<'g> {
    pub(super) requests: Vec<Request<'g>>,
}

pub(super) enum Request<'g> {
    /// Sets up the release and the configuration of the checks that follow.
    Configure {
        params: String,
    },
    Check(Check<'g>),
}

/// A scenario and one release that answered it.
#[derive(Clone, Copy)]
pub(super) struct Check<'g> {
    pub(super) group_index: usize,
    pub(super) scenario_index: usize,
    pub(super) group: &'g Group,
    pub(super) scenario: &'g Scenario,
    pub(super) expected: &'g Expected,
    pub(super) release: &'g str,
}

impl Check<'_> {
    /// The scenario's line in its file, after the header.
    pub(super) fn line(&self) -> usize {
        self.scenario_index + 2
    }
}

/// The checks of the given releases, or of all if none is given.
///
/// `configure` can't remove a secret or an action table. Checks without one therefore run in a
/// process that never had it.
pub(crate) fn scripts<'g>(groups: &'g [Group], releases: &[String]) -> Vec<Script<'g>> {
    let mut by_process: [Vec<Check<'g>>; 4] = Default::default();
    for (group_index, group) in groups.iter().enumerate() {
        for (scenario_index, scenario) in group.scenarios.iter().enumerate() {
            let Config { actions, secret, .. } = &scenario.config;
            let process = 2 * usize::from(actions.is_some()) + usize::from(secret.is_some());
            for expected in &scenario.answers {
                let known = expected.releases.iter();
                let chosen = known.filter(|known| releases.is_empty() || releases.contains(known));
                by_process[process].extend(chosen.map(|release| Check {
                    group_index,
                    scenario_index,
                    group,
                    scenario,
                    expected,
                    release,
                }));
            }
        }
    }
    let scripts = by_process.into_iter().filter(|checks| !checks.is_empty());
    scripts.map(Script::new).collect()
}

impl<'g> Script<'g> {
    /// Sorts checks with the same configuration together and configures each once.
    fn new(checks: Vec<Check<'g>>) -> Self {
        let mut checks: Vec<_> = checks
            .into_iter()
            .map(|check| (configuration(&check.scenario.config, check.release).to_string(), check))
            .collect();
        checks.sort_by(|a, b| a.0.cmp(&b.0));
        let mut requests = Vec::new();
        for same in checks.chunk_by(|a, b| a.0 == b.0) {
            requests.push(Request::Configure { params: same[0].0.clone() });
            requests.extend(same.iter().map(|(_, check)| Request::Check(*check)));
        }
        Self { requests }
    }

    /// How many checks there are.
    pub(crate) fn checks(&self) -> usize {
        self.requests.iter().filter(|request| matches!(request, Request::Check(_))).count()
    }

    /// The requests as lines, newlines included.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        self.requests.iter().enumerate().map(|(id, request)| {
            let (method, params) = match request {
                Request::Configure { params } => ("configure", params.clone()),
                Request::Check(check) => (&*check.scenario.method, params_with_now(check.scenario)),
            };
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n"
            )
        })
    }
}

/// The params of `configure`. The release comes first, so that sorting groups by release.
fn configuration(config: &Config, release: &str) -> Value {
    let mut params = json!({
        "datasette_version": release,
        "settings": {"allow_signed_tokens": true, "max_signed_tokens_ttl": 0},
        "zlib": config.zlib.as_deref().unwrap_or("zlib"),
        "itsdangerous": config.itsdangerous.as_deref().unwrap_or("2.2"),
    });
    if let Some(secret) = &config.secret {
        let oldest_first: Vec<_> = config.old_secrets.iter().rev().chain([secret]).collect();
        params["secret"] = json!(oldest_first);
    }
    if let Some(actions) = &config.actions {
        params["actions"] = actions.clone();
    }
    for (name, value) in config.settings.iter().flatten() {
        params["settings"][name] = value.clone();
    }
    params
}
