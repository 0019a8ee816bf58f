//! What the checks found.

use super::answer::Answer;
use super::compare::is_expected;
use super::fixtures::Group;
use super::script::Check;

/// What all checks found.
pub(crate) struct Results<'g> {
    /// By group and scenario.
    scenarios: Vec<Vec<ScenarioResults<'g>>>,
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
        let scenario = &mut self.scenarios[check.group_index][check.scenario_index];
        scenario.checks += 1;
        if !is_expected(check.scenario, check.expected, &answer) {
            scenario.failures.push(Failed { check, answer });
        }
    }

    /// The results of each scenario of a group.
    pub(super) fn of_group(&self, index: usize) -> &[ScenarioResults<'g>] {
        &self.scenarios[index]
    }

    /// How many checks failed.
    pub(crate) fn failed(&self) -> usize {
        self.failures().count()
    }

    pub(super) fn failures(&self) -> impl Iterator<Item = &Failed<'g>> {
        self.scenarios.iter().flatten().flat_map(|scenario| &scenario.failures)
    }
}
