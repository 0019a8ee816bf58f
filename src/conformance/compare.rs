//! Comparing an answer with Datasette's.

use pyjson::{Str, Value, loads};

use super::answer::Answer;
use super::fixtures::{Expected, Scenario};

/// Whether an answer is the expected one.
///
/// Strings and errors must be equal. Other results are compared as values, since their JSON may be
/// spelled in several ways.
pub(super) fn is_expected(scenario: &Scenario, expected: &Expected, answer: &Answer) -> bool {
    match (expected.result(), answer) {
        (Some(expected), Answer::Result(text)) => {
            expected == *text || is_same_value(&expected, text, scenario.method == "inspect_token")
        }
        (None, Answer::Error { kind, message }) => {
            expected.error.as_ref() == Some(kind)
                && expected.message.as_ref().is_none_or(|expected| expected == message)
        }
        _ => false,
    }
}

fn is_same_value(expected: &str, actual: &str, is_inspection: bool) -> bool {
    let (Ok(mut expected), Ok(mut actual)) = (loads(expected), loads(actual)) else {
        return false;
    };
    if is_inspection {
        clear_reason(&mut expected);
        clear_reason(&mut actual);
    }
    is_equal(&expected, &actual)
}

/// Each implementation words the `reason` as it likes. Fixtures have "" there.
fn clear_reason(inspection: &mut Value<'_>) {
    let Value::Dict(members) = inspection else { return };
    if let Some((_, reason @ Value::Str(_))) = members.iter_mut().find(|(name, _)| name == "reason")
    {
        *reason = Value::Str(Str::default());
    }
}

/// Whether values are equal and have the same types: 1 and 1.0 differ. The order of members
/// doesn't count.
fn is_equal(a: &Value<'_>, b: &Value<'_>) -> bool {
    match (a, b) {
        (Value::List(a), Value::List(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_equal(a, b))
        }
        (Value::Dict(a), Value::Dict(b)) => {
            a.len() == b.len()
                && a.iter().all(|(name, value)| {
                    b.iter().any(|(other, member)| name == other && is_equal(value, member))
                })
        }
        _ => a == b,
    }
}
