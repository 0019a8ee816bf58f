//! What the checks found.

use dstok::sidecar::protocol::ErrorKind;

use super::answer::Answer;
use super::fixtures::Group;
use super::script::Check;

/// What all checks found.
pub(crate) struct Results<'g> {
    /// By group and scenario.
    pub(super) scenarios: Vec<Vec<ScenarioResults<'g>>>,
    /// Why processes ended early.
    pub(super) aborted: Vec<String>,
}

/// What the checks of one scenario found.
#[derive(Clone, Default)]
pub(super) struct ScenarioResults<'g> {
    /// How many checks there were.
    pub(super) checks: usize,
    pub(super) failures: Vec<Failed<'g>>,
}

/// A check that failed.
#[derive(Clone)]
pub(super) struct Failed<'g> {
    pub(super) check: Check<'g>,
    pub(super) answer: Answer,
}

impl<'g> Results<'g> {
    pub(super) fn new(groups: &'g [Group]) -> Self {
        let scenarios =
            groups.iter().map(|group| vec![ScenarioResults::default(); group.scenarios.len()]);
        Self { scenarios: scenarios.collect(), aborted: Vec::new() }
    }

    pub(super) fn record(&mut self, check: Check<'g>, answer: Answer) {
        let [group, scenario] = check.place;
        let results = &mut self.scenarios[group][scenario];
        results.checks += 1;
        if !answer.is_expected(&check.expected.answer(), &check.scenario.method) {
            results.failures.push(Failed { check, answer });
        }
    }

    /// How many checks failed.
    pub(crate) fn failed(&self) -> usize {
        self.scenarios.iter().flatten().map(|scenario| scenario.failures.len()).sum()
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
