//! What is asked, in which order, of how many processes.

use serde_json::{Value, json};

use super::fixtures::{Answer, Config, Group, Scenario};
use dstok::methods::METHODS;
use dstok::pyjson::{Error, Kind, Scanner};

/// The requests to one process.
pub(super) struct Session {
    pub(super) jobs: Vec<Job>,
}

/// A request; its id is its place in the session.
pub(super) enum Job {
    /// Makes the process such a Datasette as the check at `like` needs.
    Configure {
        like: Place,
    },
    Check(Place),
}

/// An answer of a release.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) group: usize,
    pub(super) scenario: usize,
    answer: usize,
    pub(super) release: String,
}

impl Place {
    pub(super) fn scenario<'g>(&self, groups: &'g [Group]) -> &'g Scenario {
        &groups[self.group].scenarios[self.scenario]
    }

    pub(super) fn answer<'g>(&self, groups: &'g [Group]) -> &'g Answer {
        &self.scenario(groups).answers[self.answer]
    }
}

/// `configure` cannot take back a table of actions, nor a secret: what needs neither has a
/// process of its own. Within a session all of a release stands together.
pub(super) fn sessions(groups: &[Group], releases: &[String]) -> Vec<Session> {
    let mut kinds: [Vec<Place>; 4] = Default::default();
    for (group, Group { scenarios, .. }) in groups.iter().enumerate() {
        for (scenario, Scenario { config, answers, .. }) in scenarios.iter().enumerate() {
            let kind =
                2 * usize::from(config.actions.is_some()) + usize::from(config.secret.is_some());
            for (answer, Answer { releases: known, .. }) in answers.iter().enumerate() {
                for release in known.iter().filter(|r| releases.is_empty() || releases.contains(r))
                {
                    let release = release.clone();
                    kinds[kind].push(Place { group, scenario, answer, release });
                }
            }
        }
    }
    kinds.into_iter().filter(|kind| !kind.is_empty()).map(|kind| session(groups, kind)).collect()
}

fn session(groups: &[Group], places: Vec<Place>) -> Session {
    let mut keyed: Vec<_> = places
        .into_iter()
        .map(|place| {
            (configuration(&place.scenario(groups).config, &place.release).to_string(), place)
        })
        .collect();
    keyed.sort_by(|a, b| a.0.cmp(&b.0));
    let mut jobs = Vec::new();
    let mut last = None;
    for (key, place) in keyed {
        if last.as_ref() != Some(&key) {
            jobs.push(Job::Configure { like: place.clone() });
            last = Some(key);
        }
        jobs.push(Job::Check(place));
    }
    Session { jobs }
}

impl Session {
    pub(super) fn checks(&self) -> usize {
        self.jobs.iter().filter(|job| matches!(job, Job::Check(_))).count()
    }

    /// The requests, each a line with its end.
    pub(super) fn lines<'s>(&'s self, groups: &'s [Group]) -> impl Iterator<Item = String> + 's {
        self.jobs.iter().enumerate().map(|(id, job)| {
            let (method, params) = match job {
                Job::Configure { like } => {
                    let config = &like.scenario(groups).config;
                    ("configure", configuration(config, &like.release).to_string())
                }
                Job::Check(place) => {
                    let scenario = place.scenario(groups);
                    (&*scenario.method, params_with_clock(scenario))
                }
            };
            format!(
                "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":\"{method}\",\"params\":{params}}}\n"
            )
        })
    }
}

/// The params of `configure`. The release comes first, so that sorting keeps it together.
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

/// The params with the scenario's clock as `now`, unless they have one or the method takes none.
fn params_with_clock(scenario: &Scenario) -> String {
    with_clock(scenario).ok().flatten().unwrap_or_else(|| scenario.params.clone())
}

fn with_clock(scenario: &Scenario) -> Result<Option<String>, Error> {
    let method = METHODS.iter().find(|method| method.name == scenario.method);
    let params = method.map_or(&[][..], |method| method.params);
    let Some(at) = params.iter().position(|param| param.name == "now") else { return Ok(None) };
    let (text, now) = (&scenario.params, scenario.config.now.get());
    let mut scanner = Scanner::new(text);
    let is_object = scanner.peek_kind()? == Kind::Object;
    let mut count = 0;
    loop {
        let is_now = if is_object {
            match next_key(&mut scanner, count == 0)? {
                None => break,
                Some(is_now) => is_now,
            }
        } else {
            if !next_element(&mut scanner, count == 0)? {
                break;
            }
            count == at
        };
        let (value, _) = scanner.raw_value()?;
        if is_now {
            // A null means the clock.
            let end = scanner.position();
            let replaced = format!("{}{now}{}", &text[..end - value.len()], &text[end..]);
            return Ok((value == "null").then_some(replaced));
        }
        count += 1;
    }
    // A null in place of a required parameter would be a value.
    if !is_object && (count > at || params[count..].iter().any(|param| param.required)) {
        return Ok(None);
    }
    let added = match is_object {
        true => format!("\"now\":{now}"),
        false => "null,".repeat(at - count) + now,
    };
    let (begin, end) = text.trim_end().split_at(text.trim_end().len() - 1);
    let comma = if count == 0 { "" } else { "," };
    Ok(Some(format!("{begin}{comma}{added}{end}")))
}

/// Whether the next key is `now`; `None` after the last.
fn next_key(scanner: &mut Scanner<'_>, first: bool) -> Result<Option<bool>, Error> {
    if first {
        scanner.begin_object()?;
    }
    Ok(scanner.next_key(first)?.map(|key| *key.to_wtf8() == *b"now"))
}

/// Whether there is another element.
fn next_element(scanner: &mut Scanner<'_>, first: bool) -> Result<bool, Error> {
    if first {
        scanner.begin_array()?;
    }
    scanner.next_element(first)
}
