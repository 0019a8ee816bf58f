//! Freezing the clock of a request by its parameter `now`.

use dstok::sidecar::methods::METHODS;
use pyjson::{Keys, Kind, Rules, Scanner};

use super::fixtures::Scenario;

/// The scenario's params with its clock as `now`. They stay as they are if they set `now`, or if
/// the method doesn't take it.
pub(super) fn params_with_now(scenario: &Scenario) -> String {
    with_now(scenario).unwrap_or_else(|| scenario.params.clone())
}

fn with_now(scenario: &Scenario) -> Option<String> {
    let parameters = METHODS.iter().find(|method| method.name == scenario.method)?.parameters;
    let position = parameters.iter().position(|parameter| parameter.name == "now")?;
    let (text, now) = (&scenario.params, scenario.config.now.get());
    // Python's rules: some scenarios have the same key twice.
    let mut scanner = Scanner::with_keys(text, Rules::Python, Keys::default());
    let is_object = scanner.peek_kind().ok()? == Kind::Object;
    if is_object { scanner.begin_object() } else { scanner.begin_array() }.ok()?;
    let mut count = 0;
    while let Some(is_now) = match is_object {
        true => scanner.next_key().ok()?.map(|key| key.to_python() == "now"),
        false => scanner.next_element().ok()?.then_some(count == position),
    } {
        let value = scanner.raw_value().ok()?.text;
        if is_now {
            let end = scanner.position();
            let replaced = format!("{}{now}{}", &text[..end - value.len()], &text[end..]);
            // null means the default, which is the clock.
            return (value == "null").then_some(replaced);
        }
        count += 1;
    }
    let added = if is_object {
        format!("\"now\":{now}")
    } else if parameters[count..position].iter().any(|parameter| parameter.is_required) {
        // Padding with nulls would give a value to a missing required parameter.
        return None;
    } else {
        "null,".repeat(position - count) + now
    };
    let (start, close) = text.trim_end().split_at(text.trim_end().len() - 1);
    let comma = if count == 0 { "" } else { "," };
    Some(format!("{start}{comma}{added}{close}"))
}
