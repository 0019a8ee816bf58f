//! Which requests are sent, in which order, and to how many processes.

use std::collections::BTreeMap;
use std::iter;

use dstok::sidecar::methods::METHODS;
use pyjson::{Keys, Kind, Rules, Scanner};
use serde_json::{Value, json};

use super::fixtures::{Config, Expected, Group, Scenario};

/// The checks in one process, by the params of the `configure` that sets up their release and their
/// configuration.
pub(crate) type Script<'g> = BTreeMap<String, Vec<Check<'g>>>;

/// A scenario and one release that answered it.
#[derive(Clone, Copy)]
pub(crate) struct Check<'g> {
    /// The indices of the group and of the scenario.
    pub(super) place: [usize; 2],
    pub(super) scenario: &'g Scenario,
    pub(super) expected: &'g Expected,
    pub(crate) release: &'g str,
}

/// Whether an option that was given these names selects one. All are selected without the option.
pub(crate) fn is_chosen(names: &[String], name: &str) -> bool {
    names.is_empty() || names.iter().any(|it| it == name)
}

/// The checks of the given releases and methods, or of all if none is given.
///
/// `configure` can't remove a secret or an action table. Checks without one therefore run in a
/// process that never had it.
pub(crate) fn scripts<'g>(
    groups: &'g [Group],
    releases: &[String],
    methods: &[String],
) -> Vec<Script<'g>> {
    let mut by_process = BTreeMap::<_, Script<'g>>::new();
    for (group_index, group) in groups.iter().enumerate() {
        let scenarios = group.scenarios.iter().enumerate();
        for (index, scenario) in scenarios.filter(|(_, it)| is_chosen(methods, &it.method)) {
            let (place, config) = ([group_index, index], &scenario.config);
            let process = [config.actions.is_some(), config.secret.is_some()];
            for expected in &scenario.answers {
                let known = expected.releases.iter();
                for release in known.filter(|it| is_chosen(releases, it)) {
                    let script = by_process.entry(process).or_default();
                    let same = script.entry(configuration(config, release).to_string());
                    same.or_default().push(Check { place, scenario, expected, release });
                }
            }
        }
    }
    by_process.into_values().collect()
}

/// A request of a script.
#[derive(Clone, Copy)]
pub(super) struct Request<'s, 'g> {
    /// The params of the `configure` that is in force, or that this request is.
    configuration: &'s str,
    /// What is asked. `None` for `configure`.
    pub(super) check: Option<Check<'g>>,
}

/// The requests of a script: each `configure` is followed by its checks.
pub(super) fn requests<'s, 'g>(script: &'s Script<'g>) -> Vec<Request<'s, 'g>> {
    let blocks = script.iter().flat_map(|(configuration, checks)| {
        let checks = checks.iter().map(|check| Some(*check));
        iter::once(None).chain(checks).map(move |check| Request { configuration, check })
    });
    blocks.collect()
}

impl Request<'_, '_> {
    /// The `configure` that has to come before this request.
    pub(super) fn configure(self) -> Self {
        Self { check: None, ..self }
    }

    pub(super) fn method(&self) -> &str {
        self.check.map_or("configure", |check| &check.scenario.method)
    }

    /// The request as a line, its newline included.
    pub(super) fn line(&self, id: usize) -> String {
        let params = match self.check {
            None => self.configuration.to_owned(),
            Some(check) => params_with_now(check.scenario),
        };
        let method = self.method();
        format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n")
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
        params["secret"] = json!(secret);
        if !config.old_secrets.is_empty() {
            params["old_secrets"] = json!(config.old_secrets);
        }
    }
    if let Some(actions) = &config.actions {
        params["actions"] = actions.clone();
    }
    for (name, value) in config.settings.iter().flatten() {
        params["settings"][name] = value.clone();
    }
    params
}

/// The scenario's params with its clock as `now`. They stay as they are if they set `now`, or if
/// the method doesn't take it.
fn params_with_now(scenario: &Scenario) -> String {
    with_now(scenario).unwrap_or_else(|| scenario.params.clone())
}

fn with_now(scenario: &Scenario) -> Option<String> {
    let parameters = METHODS.iter().find(|method| method.name == scenario.method)?.parameters;
    let position = parameters.iter().position(|parameter| parameter.name == "now")?;
    let (text, now) = (&scenario.params, scenario.config.now.get());
    // Python's rules: some scenarios have the same key twice.
    let mut scanner = Scanner::with_keys(text, Rules::Python, Keys::default());
    let is_object = scanner.peek_kind().ok()? == Kind::Object;
    if is_object { scanner.begin_object() } else { scanner.begin_array() }.ok()?;
    let mut count = 0;
    while let Some(is_now) = match is_object {
        true => scanner.next_key().ok()?.map(|key| key.to_python() == "now"),
        false => scanner.next_element().ok()?.then_some(count == position),
    } {
        let value = scanner.raw_value().ok()?.text;
        if is_now {
            let end = scanner.position();
            let replaced = format!("{}{now}{}", &text[..end - value.len()], &text[end..]);
            // null means the default, which is the clock.
            return (value == "null").then_some(replaced);
        }
        count += 1;
    }
    let added = if is_object {
        format!("\"now\":{now}")
    } else if parameters[count..position].iter().any(|parameter| parameter.is_required) {
        // Padding with nulls would give a value to a missing required parameter.
        return None;
    } else {
        "null,".repeat(position - count) + now
    };
    let (start, close) = text.trim_end().split_at(text.trim_end().len() - 1);
    let comma = if count == 0 { "" } else { "," };
    Some(format!("{start}{comma}{added}{close}"))
}
