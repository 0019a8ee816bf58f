//! What the checks found.

use std::collections::BTreeMap;

use dstok::sidecar::protocol::ErrorKind;

use super::answer::Answer;
use super::fixtures::Scenario;
use super::script::Check;

/// What all checks found.
#[derive(Default)]
pub(crate) struct Results<'g> {
    /// By the place of the scenario. Those without a check are left out.
    pub(super) scenarios: BTreeMap<[usize; 2], ScenarioResults<'g>>,
    /// Why processes ended early.
    pub(super) aborted: Vec<String>,
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
}

impl<'g> Results<'g> {
    pub(super) fn record(&mut self, check: Check<'g>, answer: Answer) {
        let scenario = check.scenario;
        let new = || ScenarioResults { scenario, checks: 0, failures: Vec::new() };
        let results = self.scenarios.entry(check.place).or_insert_with(new);
        results.checks += 1;
        if !answer.is_expected(&check.expected.answer(), &scenario.method) {
            results.failures.push(Failed { check, answer });
        }
    }

    /// The results of the scenarios of a group.
    pub(super) fn of_group(&self, group: usize) -> Vec<&ScenarioResults<'g>> {
        self.scenarios.range([group, 0]..[group + 1, 0]).map(|(_, results)| results).collect()
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
            Answer::Unanswered(reason) => Some(reason.clone()),
            Answer::Error { kind, .. } if kind == ErrorKind::MethodNotFound.name() => {
                Some(format!("the method {} is missing", self.check.scenario.method))
            }
            Answer::Error { .. } | Answer::Result(_) => None,
        }
    }
}
