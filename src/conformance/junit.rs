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
    xml + "</testsuites>\n"
}

/// The first failure of a scenario, if any.
fn failure(results: &ScenarioResults<'_>) -> String {
    let Some(failed) = results.failures.first() else { return String::new() };
    let message = match &failed.answer {
        Answer::Unanswered(reason) => reason.clone(),
        _ => format!("{} of {} releases differ", results.failures.len(), results.checks),
    };
    // XML can't represent control characters.
    let message = message.replace(char::is_control, "\u{fffd}");
    let text =
        difference(results, failed).replace(|c: char| c.is_control() && c != '\n', "\u{fffd}");
    format!("<failure message=\"{}\">{}</failure>", escape(&*message), escape(&*text))
}
