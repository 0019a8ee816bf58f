//! The reports: one for people, and JUnit's XML for CI systems.

use std::collections::BTreeMap;
use std::fmt::Write;

use quick_xml::escape::escape;

use super::answer::Answer;
use super::difference::difference;
use super::fixtures::Group;
use super::results::{Failed, Results, ScenarioResults};

/// The table by group, then the first `show` scenarios that differ.
pub(crate) fn report(groups: &[Group], results: &Results<'_>, show: usize) -> String {
    let mut text = table(groups, results);
    if results.is_clean() {
        text += "\nall answers are those of real Datasette\n";
    }
    for reason in &results.faults {
        let _ = write!(text, "\n{reason}\n");
    }
    // Counts the failures that one line explains.
    let scenarios = || results.scenarios.values();
    let mut summaries = BTreeMap::<_, usize>::new();
    for reason in scenarios().flat_map(|scenario| &scenario.failures).filter_map(Failed::summary) {
        *summaries.entry(reason).or_default() += 1;
    }
    for (reason, count) in summaries {
        let _ = write!(text, "\n{reason}: {count} checks failed\n");
    }
    // Shows the others, each scenario with the newest release.
    // Those at which the program failed come first.
    let mut differing: Vec<_> = scenarios()
        .filter_map(|scenario| {
            let unexplained = scenario.failures.iter().filter(|failed| failed.summary().is_none());
            Some((scenario, unexplained.max_by_key(|failed| numbers(failed.check.release))?))
        })
        .collect();
    differing.sort_by_key(|(_, failed)| !matches!(failed.answer, Answer::Failed(_)));
    for (scenario, failed) in differing.iter().take(show) {
        text.push('\n');
        text += &difference(scenario, failed);
    }
    let more = differing.len().saturating_sub(show);
    if more > 0 {
        let _ = write!(text, "\n{more} more scenarios differ; --show N shows more\n");
    }
    text
}

fn table(groups: &[Group], results: &Results<'_>) -> String {
    let names = groups.iter().map(|group| &*group.name).chain(["all"]);
    let mut rows: Vec<_> = names.map(|name| (name, [0; 3])).collect();
    for ([group, _], scenario) in &results.scenarios {
        let counts = [1, scenario.checks, scenario.failures.len()];
        for row in [*group, groups.len()] {
            rows[row].1 = [0, 1, 2].map(|n| rows[row].1[n] + counts[n]);
        }
    }
    let width = rows.iter().map(|(name, _)| name.len()).max().unwrap_or(0).max("group".len());
    let mut text = format!("{:width$}  scenarios   checks   failed\n", "group");
    for (name, [scenarios, checks, failed]) in rows {
        let _ = writeln!(text, "{name:width$}  {scenarios:9}  {checks:7}  {failed:7}");
    }
    text
}

/// The numbers in a version. They sort releases whose names have the same form.
fn numbers(release: &str) -> Vec<u64> {
    release.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0)).collect()
}

/// A test suite for each group, with a test case for each scenario that was checked.
pub(crate) fn junit(groups: &[Group], results: &Results<'_>) -> String {
    let mut xml = String::from("<testsuites name=\"dstok conformance\">\n");
    for (index, group) in groups.iter().enumerate() {
        let checked = results.of_group(index);
        let failures = checked.iter().filter(|results| !results.failures.is_empty()).count();
        let (name, tests) = (escape(&*group.name), checked.len());
        let _ =
            writeln!(xml, " <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">");
        for results in checked {
            let case = escape(&*results.scenario.name);
            let failure = failure(results);
            let _ = writeln!(
                xml,
                "  <testcase classname=\"{name}\" name=\"{case}\">{failure}</testcase>"
            );
        }
        xml += " </testsuite>\n";
    }
    if !results.faults.is_empty() {
        let faults = results.faults.join("\n").replace(is_no_text, "\u{fffd}");
        let failure =
            format!("<failure message=\"the program failed\">{}</failure>", escape(&*faults));
        xml += " <testsuite name=\"program\" tests=\"1\" failures=\"1\">\n";
        let _ = writeln!(
            xml,
            "  <testcase classname=\"program\" name=\"program\">{failure}</testcase>"
        );
        xml += " </testsuite>\n";
    }
    xml + "</testsuites>\n"
}

/// The first failure of a scenario, if any.
fn failure(results: &ScenarioResults<'_>) -> String {
    let Some(failed) = results.failures.first() else { return String::new() };
    let message = match &failed.answer {
        Answer::Failed(reason) | Answer::NotAsked(reason) => reason.clone(),
        _ => format!("{} of {} releases differ", results.failures.len(), results.checks),
    };
    let message = message.replace(char::is_control, "\u{fffd}");
    let text = difference(results, failed).replace(is_no_text, "\u{fffd}");
    format!("<failure message=\"{}\">{}</failure>", escape(&*message), escape(&*text))
}

/// Whether XML can't represent a character.
fn is_no_text(c: char) -> bool {
    c.is_control() && c != '\n'
}
