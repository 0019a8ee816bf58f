//! The meaning of the names of columns and members, and near misses of parameters.

use dstok::names::quoted;
use dstok::sidecar::methods::CREATE_TOKEN;

use crate::cli::failure::Failure;

/// The parameter with the actor.
pub(super) const ACTOR: &str = "actor_id";

/// The columns that are added to the input's.
pub(super) const TOKEN: &str = "token";
pub(super) const ERROR: &str = "error";

/// Letters of a parameter's name from which one edit is a near miss. `row` and `no` are one edit
/// from `now`, and `factor_id` is one from `actor_id`.
const EDITED: usize = 8;

/// The meaning of a column or member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// The parameter of `create_token` by this name.
    Parameter(&'static str),
    /// The column for the token, or for the error.
    Token,
    Error,
    Ordinary,
}

impl Role {
    /// Whether create-tokens adds such a column or member.
    pub(super) fn is_added(self) -> bool {
        matches!(self, Self::Token | Self::Error)
    }
}

/// How names are read.
#[derive(Clone, Copy)]
pub(crate) struct Names<'a> {
    /// The column or member with the actor, if it isn't `actor_id`.
    pub(crate) actor: Option<&'a str>,
    /// Ordinary columns or members, however near to a parameter their names are.
    pub(crate) ignored: &'a [String],
}

impl<'a> Names<'a> {
    /// # Errors
    /// [`Failure::Usage`] if an option names a parameter.
    pub(super) fn check(&self) -> Result<(), Failure> {
        if let Some(name) = self.actor.filter(|name| *name != ACTOR && is_reserved(name)) {
            return Err(format!("--actor-column: {name} is reserved; rename the column").into());
        }
        if let Some(name) = self.ignored.iter().find(|name| self.role(name) != Role::Ordinary) {
            let name = shown(name);
            return Err(format!("--ignore: {name} is reserved; rename the column").into());
        }
        Ok(())
    }

    /// The name of the column or member with the actor.
    pub(super) fn actor(&self) -> &'a str {
        self.actor.unwrap_or(ACTOR)
    }

    pub(super) fn role(&self, name: &str) -> Role {
        match name {
            _ if name == self.actor() => Role::Parameter(ACTOR),
            ACTOR => Role::Ordinary,
            TOKEN => Role::Token,
            ERROR => Role::Error,
            _ => parameters().find(|known| *known == name).map_or(Role::Ordinary, Role::Parameter),
        }
    }

    /// Checks the name of an ordinary column or member. `has_actor` says whether there is another
    /// one with the actor.
    ///
    /// # Errors
    /// The name is too close to a parameter's.
    pub(super) fn check_ordinary(&self, name: &str, has_actor: bool) -> Result<(), String> {
        let Some(parameter) = near_miss(name) else { return Ok(()) };
        let counts = parameter != ACTOR || !has_actor && self.actor.is_none();
        if !counts || self.ignored.iter().any(|ignored| ignored == name) {
            return Ok(());
        }
        let name = shown(name);
        Err(format!(
            "{name} looks like a misspelled {parameter}; rename it, or pass --ignore {name} to \
             pass it through"
        ))
    }
}

/// A name in a message: in quotes unless it is one plain word.
pub(super) fn shown(name: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_.".contains(c);
    let quoted = quoted(name);
    let is_whole = quoted.len() == name.len() + 2;
    if is_whole && !name.is_empty() && name.chars().all(is_plain) {
        return name.to_owned();
    }
    quoted
}

fn parameters() -> impl Iterator<Item = &'static str> {
    CREATE_TOKEN.parameters.iter().map(|parameter| parameter.name)
}

fn is_reserved(name: &str) -> bool {
    [TOKEN, ERROR].contains(&name) || parameters().any(|known| known == name)
}

/// The parameter that a name is a spelling of, or one edit away from.
pub(super) fn near_miss(name: &str) -> Option<&'static str> {
    let name = folded(name);
    parameters().find(|parameter| {
        let known = folded(parameter);
        // An edit may be that of the `s`, so names are compared with it too.
        let pairs = [(singular(&name), singular(&known)), (&*name, &*known)];
        pairs[0].0 == pairs[0].1 || pairs.iter().any(|(name, known)| is_one_edit(name, known))
    })
}

fn is_one_edit(name: &str, known: &str) -> bool {
    let may_be_edited = known.len() >= EDITED && name.len().abs_diff(known.len()) <= 4;
    may_be_edited && strsim::osa_distance(name, known) <= 1
}

/// A folded name without a plural `s`.
fn singular(name: &str) -> &str {
    name.strip_suffix('s').unwrap_or(name)
}

/// A name without what spellings of it differ in: case, `-`, `_` and white space. Characters that nobody sees are left out too.
fn folded(name: &str) -> String {
    const INVISIBLE: [char; 6] =
        ['\u{ad}', '\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];
    let is_kept = |c: &char| !c.is_whitespace() && !"-_".contains(*c) && !INVISIBLE.contains(c);
    name.chars().filter(is_kept).flat_map(char::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_parameters_are_near_misses() {
        for (parameter, names) in [
            ("restrictions", &["Restrictions", " restrictions", "restriction", "restrictoins"][..]),
            ("restrictions", &["restrictions2", "restrictions:", "restrictionsx", "restrictons"]),
            ("expires_after", &["expiresAfter", "expire_after", "Expires After", "expires-after"]),
            ("restrict_all", &["restrictAll", "restrict_al", "restrict.all", "RESTRICT ALLS"]),
            ("restrict_database", &["restrict_databases", "restrictDatabase", "restrict_databse"]),
            ("restrict_database", &["restrict_databas", "restrict_databasse"]),
            ("restrict_resource", &["restrict_resources", "\u{feff}restrict_resource"]),
            ("actor_id", &["actorId", "Actor ID", "actor_ids", "actorid"]),
            ("now", &["Now", "nows", "now "]),
        ] {
            for name in names {
                assert_eq!(near_miss(name), Some(parameter), "{name}");
            }
        }
    }

    #[test]
    fn other_names_are_ordinary() {
        for name in ["row", "no", "new", "expires", "action", "factor_id", "", "id", "s", "émail"]
        {
            assert_eq!(near_miss(name), None, "{name}");
        }
    }
}
