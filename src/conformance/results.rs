//! What the checks found.

use std::collections::BTreeMap;

use dstok::sidecar::protocol::ErrorKind;

use super::answer::Answer;
use super::fixtures::Scenario;
use super::script::Check;
use super::signed_value::compare_payloads;

/// What all checks found.
#[derive(Default)]
pub(crate) struct Results<'g> {
    /// By the place of the scenario. Those without a check are left out.
    pub(super) scenarios: BTreeMap<[usize; 2], ScenarioResults<'g>>,
    /// What went wrong with a process and belongs to no scenario.
    pub(super) faults: Vec<String>,
    /// Whether another compressed payload with the same JSON is right too.
    payloads: bool,
}

/// What the checks of one scenario found.
pub(super) struct ScenarioResults<'g> {
    pub(super) scenario: &'g Scenario,
    /// How many checks there were.
    pub(super) checks: usize,
    pub(super) failures: Vec<Failed<'g>>,
}

/// A check that failed.
pub(super) struct Failed<'g> {
    pub(super) check: Check<'g>,
    pub(super) answer: Answer,
    /// Why not even the payload is right, if payloads are compared.
    pub(super) mismatch: Option<&'static str>,
}

impl<'g> Results<'g> {
    /// Results to be filled. With `payloads`, another compressed payload with the same JSON is
    /// right too.
    pub(super) fn new(payloads: bool) -> Self {
        Self { payloads, ..Self::default() }
    }

    pub(super) fn record(&mut self, check: Check<'g>, answer: Answer) {
        let scenario = check.scenario;
        let new = || ScenarioResults { scenario, checks: 0, failures: Vec::new() };
        let results = self.scenarios.entry(check.place).or_insert_with(new);
        results.checks += 1;
        let expected = check.expected.answer();
        if answer.is_expected(&expected, &scenario.method) {
            return;
        }
        let compared = self.payloads.then(|| compare_payloads(scenario, &expected, &answer));
        if compared != Some(Ok(())) {
            let mismatch = compared.and_then(Result::err);
            results.failures.push(Failed { check, answer, mismatch });
        }
    }

    /// The results of the scenarios of a group.
    pub(super) fn of_group(&self, group: usize) -> Vec<&ScenarioResults<'g>> {
        self.scenarios.range([group, 0]..[group + 1, 0]).map(|(_, results)| results).collect()
    }

    /// Whether all answers are right and no process failed.
    pub(crate) fn is_clean(&self) -> bool {
        self.failed() == 0 && self.faults.is_empty()
    }

    /// How many checks failed.
    pub(crate) fn failed(&self) -> usize {
        self.scenarios.values().map(|scenario| scenario.failures.len()).sum()
    }
}

impl Failed<'_> {
    /// What explains this failure and others, if one line does.
    pub(super) fn summary(&self) -> Option<String> {
        match &self.answer {
            Answer::NotAsked(reason) => Some(reason.clone()),
            Answer::Error { kind, .. } if kind == ErrorKind::MethodNotFound.name() => {
                Some(format!("the method {} is missing", self.check.scenario.method))
            }
            _ => None,
        }
    }
}
