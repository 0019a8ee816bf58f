//! The report that CI systems read.

use std::fs;
use std::io;
use std::path::Path;

use quick_xml::Writer;
use quick_xml::events::BytesText;

use super::fixtures::Group;
use super::judge::{Checks, Got, Outcome};
use super::report::difference;
use super::requests::Place;
use crate::cli::Failure;

/// Writes a test suite for each group with a test case for each scenario that was checked.
///
/// # Errors
/// [`Failure::Usage`] where the file cannot be written.
pub(super) fn write(path: &Path, groups: &[Group], outcome: &Outcome) -> Result<(), Failure> {
    let written = document(groups, outcome).and_then(|xml| fs::write(path, xml));
    written.map_err(|error| {
        Failure::Usage(format!("--junit: cannot write {}: {error}", path.display()))
    })
}

fn document(groups: &[Group], outcome: &Outcome) -> io::Result<Vec<u8>> {
    let mut writer = Writer::new_with_indent(Vec::new(), b' ', 1);
    writer
        .create_element("testsuites")
        .with_attribute(("name", "dstok conformance"))
        .write_inner_content(|writer| {
            (0..groups.len()).try_for_each(|at| suite(writer, groups, outcome, at))
        })?;
    let mut xml = writer.into_inner();
    xml.push(b'\n');
    Ok(xml)
}

fn suite(
    writer: &mut Writer<Vec<u8>>,
    groups: &[Group],
    outcome: &Outcome,
    at: usize,
) -> io::Result<()> {
    let group = &groups[at];
    let checked = || outcome.of_group(at).iter().zip(&group.scenarios).filter(|(c, _)| c.count > 0);
    let failures = checked().filter(|(checks, _)| !checks.failures.is_empty()).count();
    writer
        .create_element("testsuite")
        .with_attribute(("name", &*group.name))
        .with_attribute(("tests", &*checked().count().to_string()))
        .with_attribute(("failures", &*failures.to_string()))
        .write_inner_content(|writer| {
            checked().try_for_each(|(checks, scenario)| {
                let case = writer
                    .create_element("testcase")
                    .with_attribute(("classname", &*group.name))
                    .with_attribute(("name", &*scenario.name));
                match checks.failures.first() {
                    None => case.write_empty().map(|_| ()),
                    Some(first) => case
                        .write_inner_content(|writer| failure(writer, groups, checks, first))
                        .map(|_| ()),
                }
            })
        })?;
    Ok(())
}

fn failure(
    writer: &mut Writer<Vec<u8>>,
    groups: &[Group],
    checks: &Checks,
    (place, got): &(Place, Got),
) -> io::Result<()> {
    let message = match got {
        Got::Unanswered => "no answer".to_owned(),
        Got::NotConfigured(reason) => format!("configure was refused with {reason}"),
        Got::Error { .. } | Got::Result(_) => {
            format!("{} of {} releases differ", checks.failures.len(), checks.count)
        }
    };
    // XML has no way to write control characters.
    let text: String = difference(groups, checks, place, got)
        .chars()
        .map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c })
        .collect();
    writer
        .create_element("failure")
        .with_attribute(("message", &*message.replace(char::is_control, "\u{fffd}")))
        .write_text_content(BytesText::new(&text))?;
    Ok(())
}
