//! Datasette's settings, by name.

use datasette_tokens::Settings;

/// Changes a setting, given by name and value as Datasette's `--setting` takes them.
///
/// # Errors
/// A message for the user.
pub fn set_setting(settings: &mut Settings, name: &str, value: &str) -> Result<(), String> {
    match name {
        "allow_signed_tokens" => {
            settings.allow_signed_tokens = match &*value.to_ascii_lowercase() {
                "1" | "on" | "true" => true,
                "0" | "off" | "false" => false,
                _ => return Err(format!("{name} must be on or off, true or false, 1 or 0")),
            }
        }
        "max_signed_tokens_ttl" => {
            if value.is_empty() || !value.bytes().all(|byte| byte.is_ascii_digit()) {
                return Err(format!("{name} must be a whole number of seconds, 0 for no limit"));
            }
            let too_large = |_| format!("{name} is too large: at most {} seconds", u64::MAX);
            settings.max_signed_tokens_ttl = value.parse().map_err(too_large)?;
        }
        _ => {
            return Err("may have allow_signed_tokens and max_signed_tokens_ttl only".to_owned());
        }
    }
    Ok(())
}
