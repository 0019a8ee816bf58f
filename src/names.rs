//! Names that nobody knows: what an error says about them.

use datasette_tokens::{Str, TOKEN_PREFIX};

/// How many characters of an unknown name an error repeats.
const SHOWN: usize = 40;

/// How many characters of a name are compared. It may be megabytes long.
const COMPARED: usize = 60;

/// What follows a dot and has more characters of base64 than this may be a part of a signature.
const SIGNATURE: usize = 10;

/// How alike two names must be, from 0 to 1.
const ALIKE: f64 = 0.9;

/// The beginning of a name, to be repeated in an error. `None` for what may be a token or another
/// signed value: even without its end nobody should find it in a log.
pub(crate) fn beginning(name: &Str<'_>) -> Option<Str<'static>> {
    let text = name.to_string_lossy();
    let may_be_signed = text.split('.').skip(1).any(|part| base64_prefix(part) > SIGNATURE);
    if may_be_signed || text.to_ascii_lowercase().contains(TOKEN_PREFIX) {
        return None;
    }
    match text.char_indices().nth(SHOWN) {
        None => Some(name.clone().into_owned()),
        Some((end, _)) => Some(text[..end].to_owned().into()),
    }
}

/// Whether a terminal would obey a character, or not show it: control characters, line ends, and
/// what changes the direction of text.
#[must_use]
pub fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// How many characters of base64 a text begins with.
fn base64_prefix(text: &str) -> usize {
    let is_base64 = |c: &char| c.is_ascii_alphanumeric() || "-_+/".contains(*c);
    text.chars().take_while(is_base64).count()
}

/// The beginning of a name in quotes, for an error of the command line.
#[must_use]
pub fn quoted(name: &str) -> String {
    match beginning(&name.into()) {
        None => "\"…\" (not shown: it looks like a token)".to_owned(),
        Some(beginning) if beginning == *name => format!("{name:?}"),
        Some(beginning) => format!("{:?}", format!("{beginning}…")),
    }
}

/// The known name that another one probably stands for.
pub(crate) fn nearest<'k>(name: &Str<'_>, known: impl Iterator<Item = &'k str>) -> Option<&'k str> {
    let (likeness, nearest) = most_alike(name.to_str()?, known)?;
    (likeness >= ALIKE).then_some(nearest)
}

/// The known name that is most like another one, and how alike they are. Among several the first in
/// the alphabet.
pub(crate) fn most_alike<'k>(
    name: &str,
    known: impl Iterator<Item = &'k str>,
) -> Option<(f64, &'k str)> {
    let name = folded(name);
    let all = known.map(|known| (strsim::jaro_winkler(&folded(known), &name), known));
    all.max_by(|(a, x), (b, y)| a.total_cmp(b).then(y.cmp(x)))
}

/// The beginning of a name without what naming conventions differ in: `createToken` is
/// `create-token`.
fn folded(name: &str) -> String {
    let beginning = name.chars().take(COMPARED);
    beginning.filter(|c| !"-_. ".contains(*c)).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sidecar::methods::METHODS;

    fn nearest_method(name: &str) -> Option<&'static str> {
        nearest(&name.into(), METHODS.iter().map(|method| method.name))
    }

    #[test]
    fn misspelt_methods_are_recognised() {
        for (known, names) in [
            (
                "create_token",
                "createToken create-token CreateToken create_tokens craete_token create",
            ),
            ("verify_token", "verifyToken verify_tokn verify_Token verify"),
            ("inspect_token", "inspectToken inspect"),
            ("token_allows_action", "tokenAllowsAction token_allow_action"),
            ("restrictions_allow_action", "restrictionsAllowAction restriction_allows_action"),
            ("create_actor_cookie", "create_cookie createActorCookie"),
            ("ping", "Ping PING pin"),
            ("sign", "Sign sing"),
            ("unsign", "unSign unsing"),
            ("rpc.discover", "rpc_discover rpcDiscover"),
        ] {
            for name in names.split(' ') {
                assert_eq!(nearest_method(name), Some(known), "{name}");
            }
        }
        let long = "create_token".repeat(6);
        for name in ["", "x", "nothing", "nope", "eth_call", "initialize", "shutdown", "get", &long]
        {
            assert_eq!(nearest_method(name), None, "{name}");
        }
    }

    #[test]
    fn only_the_beginning_of_a_name_is_shown_and_nothing_of_a_token() {
        let shown =
            |name: &str| beginning(&name.into()).map(|name| name.to_string_lossy().into_owned());
        for name in ["", "Now", "a.b.c", "x\"y", &"é".repeat(40)] {
            assert_eq!(shown(name).as_deref(), Some(name));
        }
        assert_eq!(shown(&"é".repeat(41)), Some("é".repeat(40)));
        assert_eq!(quoted(&"p".repeat(41)), format!("\"{}…\"", "p".repeat(40)));
        let signature = "3Ej-Qm_enIP50cD4icGpb5S3Ny8";
        for name in [
            "dstok_e30",
            " DSTOK_e",
            "Bearer dstok_x",
            &format!("Ingi.{signature}"),
            &format!("Ingi.{}", &signature[..11]),
            &format!("ds_actor=Ingi.ZVBuEL.{signature}; Domain=x.com"),
        ] {
            assert_eq!(shown(name), None, "{name}");
            assert!(!quoted(name).contains(&name[..2]));
        }
    }
}
