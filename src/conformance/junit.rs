//! The report in JUnit's XML, for CI systems.

use std::fmt::Write;

use quick_xml::escape::escape;

use super::answer::Answer;
use super::difference::difference;
use super::fixtures::Group;
use super::results::{Results, ScenarioResults};

/// A test suite for each group, with a test case for each scenario that was checked.
pub(crate) fn junit(groups: &[Group], results: &Results<'_>) -> String {
    let mut xml = String::from("<testsuites name=\"dstok conformance\">\n");
    for (group, scenarios) in groups.iter().zip(&results.scenarios) {
        let scenarios = scenarios.iter().zip(&group.scenarios);
        let checked: Vec<_> = scenarios.filter(|(result, _)| result.checks > 0).collect();
        let failures = checked.iter().filter(|(result, _)| !result.failures.is_empty()).count();
        let (name, tests) = (escape(&*group.name), checked.len());
        let _ =
            writeln!(xml, " <testsuite name=\"{name}\" tests=\"{tests}\" failures=\"{failures}\">");
        for (result, scenario) in checked {
            let case = escape(&*scenario.name);
            let failure = failure(result);
            let _ = writeln!(
                xml,
                "  <testcase classname=\"{name}\" name=\"{case}\">{failure}</testcase>"
            );
        }
        xml += " </testsuite>\n";
    }
    xml + "</testsuites>\n"
}

/// The first failure of a scenario, if any.
fn failure(result: &ScenarioResults<'_>) -> String {
    let Some(failed) = result.failures.first() else { return String::new() };
    let message = match &failed.answer {
        Answer::Unanswered(reason) => reason.clone(),
        _ => format!("{} of {} releases differ", result.failures.len(), result.checks),
    };
    // XML can't represent control characters.
    let message = message.replace(char::is_control, "\u{fffd}");
    let text =
        difference(result, failed).replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    format!("<failure message=\"{}\">{}</failure>", escape(&*message), escape(&*text))
}
