//! The human-readable report: a table, then the differences.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::answer::Answer;
use super::difference::difference;
use super::fixtures::Group;
use super::results::{Failed, Results, ScenarioResults};

/// The table by group, then the first `show` scenarios that differ.
pub(crate) fn report(groups: &[Group], results: &Results<'_>, show: usize) -> String {
    let mut text = table(groups, results);
    if results.failed() == 0 {
        text += "\nall answers are those of real Datasette\n";
    }
    for reason in &results.aborted {
        let _ = write!(text, "\n{reason}\n");
    }
    for (reason, count) in summaries(results) {
        let _ = write!(text, "\n{reason}: {count} checks failed\n");
    }
    let mut differing = (0..groups.len())
        .flat_map(|index| results.of_group(index))
        .filter_map(|scenario| newest_difference(scenario).map(|failed| (scenario, failed)));
    for (scenario, failed) in differing.by_ref().take(show) {
        text.push('\n');
        text += &difference(scenario, failed);
    }
    let more = differing.count();
    if more > 0 {
        let _ = write!(text, "\n{more} more scenarios differ; --show N shows more\n");
    }
    text
}

fn table(groups: &[Group], results: &Results<'_>) -> String {
    let counts = |scenarios: &[ScenarioResults<'_>]| {
        [
            scenarios.iter().filter(|scenario| scenario.checks > 0).count(),
            scenarios.iter().map(|scenario| scenario.checks).sum(),
            scenarios.iter().map(|scenario| scenario.failures.len()).sum(),
        ]
    };
    let names = groups.iter().map(|group| &*group.name);
    let mut rows: Vec<_> =
        names.enumerate().map(|(index, name)| (name, counts(results.of_group(index)))).collect();
    let total = rows.iter().fold([0; 3], |sum, (_, row)| [0, 1, 2].map(|n| sum[n] + row[n]));
    rows.push(("all", total));
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max("group".len());
    let mut text = format!("{:width$}  scenarios   checks   failed\n", "group");
    for (name, [scenarios, checks, failed]) in rows {
        let _ = writeln!(text, "{name:width$}  {scenarios:9}  {checks:7}  {failed:7}");
    }
    text
}

/// Counts the failures that one line explains.
fn summaries(results: &Results<'_>) -> BTreeMap<String, usize> {
    let mut summaries = BTreeMap::new();
    for Failed { check, answer } in results.failures() {
        let reason = match answer {
            Answer::NotConfigured(reason) => format!("configure was refused with {reason}"),
            Answer::Missing => "no answer".to_owned(),
            answer if answer.is_missing_method() => {
                format!("the method {} is missing", check.scenario.method)
            }
            _ => continue,
        };
        *summaries.entry(reason).or_default() += 1;
    }
    summaries
}

/// The failure with the newest release. Skips failures that a summary explains.
fn newest_difference<'r, 'g>(scenario: &'r ScenarioResults<'g>) -> Option<&'r Failed<'g>> {
    let is_explained = |failed: &&Failed<'g>| match &failed.answer {
        Answer::Result(_) => false,
        answer @ Answer::Error { .. } => answer.is_missing_method(),
        Answer::NotConfigured(_) | Answer::Missing => true,
    };
    let differences = scenario.failures.iter().filter(|failed| !is_explained(failed));
    differences.max_by_key(|failed| numbers(failed.check.release))
}

/// The numbers in a version. They sort releases whose names have the same form.
fn numbers(release: &str) -> Vec<u64> {
    release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0)).collect()
}
