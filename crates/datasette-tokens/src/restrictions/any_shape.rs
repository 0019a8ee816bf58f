//! `restrictions_allow_action` on an `_r` of any shape, as a signed payload may hold it. Upstream
//! looks at no more of it than it needs, and crashes on what it cannot use.

use pyjson::{each_element, each_member};

use super::question::{Question, Resource};
use crate::{Datasette, Str};

impl Datasette {
    /// Whether restrictions, a JSON text without equal keys, allow an action. `None` where Datasette
    /// crashes. The release must have the function.
    pub(crate) fn allows_by_any_restrictions(
        &self,
        restrictions: &str,
        action: &Str<'_>,
        resource: Option<&Resource<'_>>,
    ) -> Option<bool> {
        let question = Question::new(self, action, resource);
        let has_action = |list: Option<&str>| match list {
            None | Some("null") => Some(false),
            Some(list) => has_action(list, &question),
        };
        if has_action(member(restrictions, "a")?)? {
            return Some(true);
        }
        let Some(database) = question.database else { return Some(false) };
        if has_action(find(member(restrictions, "d")?.unwrap_or("{}"), |name| name == database)?)? {
            return Some(true);
        }
        if !matches!(resource, Some(Resource::Child(..))) {
            return Some(false);
        }
        let children = find(member(restrictions, "r")?.unwrap_or("{}"), |name| name == database)?;
        let mut allowed = Some(false);
        each_member(children.unwrap_or("{}"), |name, names| {
            if allowed == Some(false) && question.is_child(&name.to_python()) {
                // Since 1.0a39 null is no list here.
                let is_crash = names == "null" && self.release.normalizes_children();
                allowed = if is_crash { None } else { has_action(Some(names)) };
            }
            Some(())
        })?;
        allowed
    }
}

/// Python's `to_check.intersection(list)`, which hashes every item.
fn has_action(list: &str, question: &Question<'_>) -> Option<bool> {
    let mut found = false;
    each_element(list, |item| {
        found |= item.as_string().is_some_and(|name| question.is_action(&name.to_python()));
        (!item.text.starts_with(['[', '{'])).then_some(())
    })?;
    Some(found)
}

fn member<'a>(object: &'a str, name: &str) -> Option<Option<&'a str>> {
    find(object, |key| key == name)
}

/// The value of a member. `None` for what is no object.
fn find(object: &str, is_it: impl Fn(&Str<'_>) -> bool) -> Option<Option<&str>> {
    let mut found = None;
    each_member(object, |name, value| {
        if is_it(&name.to_python()) {
            found = Some(value);
        }
        Some(())
    })?;
    Some(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    const RELEASES: [&str; 3] = ["1.0a20", "1.0a38", "1.0a41"];

    fn allows(release: &str, restrictions: &str, resource: Option<&Resource<'_>>) -> Option<bool> {
        let datasette = Datasette::builder().release(release.parse().unwrap()).build();
        datasette.allows_by_any_restrictions(restrictions, &"view-table".into(), resource)
    }

    #[test]
    fn well_formed_restrictions_mean_what_an_allowlist_means() {
        let table = Resource::Child("docs".into(), "Pages".into());
        let other = Resource::Child("docs".into(), "other".into());
        let database = Resource::Database("docs".into());
        let nameless = Resource::Database("".into());
        for restrictions in [
            "{}",
            r#"{"a":null,"d":{},"r":{}}"#,
            r#"{"a":["vt"]}"#,
            r#"{"a":["view-table","x"]}"#,
            r#"{"d":{"docs":["vt"],"":["vt"]}}"#,
            r#"{"d":{"docs":null}}"#,
            r#"{"r":{"docs":{"pages":["vt"]}}}"#,
            r#"{"r":{"docs":{"Pages":["x"],"pages":["vt"]}}}"#,
            r#"{"r":{"docs":{"Pages":null,"pages":["vt"]}}}"#,
        ] {
            let value = pyjson::loads(restrictions).unwrap();
            let allowlist = crate::Allowlist::read(&value).unwrap();
            for release in RELEASES {
                let datasette = Datasette::builder().release(release.parse().unwrap()).build();
                for resource in [None, Some(&table), Some(&other), Some(&database), Some(&nameless)]
                {
                    let action = "view-table".into();
                    let typed = datasette.allows_action(&allowlist, &action, resource).ok();
                    let found = allows(release, restrictions, resource);
                    assert_eq!(found, typed, "{release} {restrictions} {resource:?}");
                }
            }
        }
    }

    #[test]
    fn only_what_is_looked_at_must_have_its_shape() {
        let table = Resource::Child("docs".into(), "pages".into());
        for (restrictions, before, after) in [
            (r#"{"a":["vt"],"d":5,"r":"x"}"#, Some(true), Some(true)),
            (r#"{"a":["vt",1,null,1.5]}"#, Some(true), Some(true)),
            (r#"{"d":{"docs":["vt"]},"r":5}"#, Some(true), Some(true)),
            (r#"{"d":{"other":5},"r":{"other":5,"docs":{"x":5}}}"#, Some(false), Some(false)),
            (r#"{"r":{"docs":{"pages":null}}}"#, Some(false), None),
            (r#"{"a":["vt",[]]}"#, None, None),
            (r#"{"a":["vt",{}]}"#, None, None),
            (r#"{"a":"vt"}"#, None, None),
            (r#"{"d":null}"#, None, None),
            (r#"{"d":{"docs":"vt"}}"#, None, None),
            (r#"{"r":{"docs":null}}"#, None, None),
            (r#"{"r":{"docs":[]}}"#, None, None),
            (r#"{"r":{"docs":{"pages":{}}}}"#, None, None),
            (r#"["vt"]"#, None, None),
            (r#""vt""#, None, None),
            ("5", None, None),
        ] {
            for (release, expected) in RELEASES.into_iter().zip([before, before, after]) {
                let found = allows(release, restrictions, Some(&table));
                assert_eq!(found, expected, "{release} {restrictions}");
            }
        }
        assert_eq!(allows("1.0a41", r#"{"d":null,"r":5}"#, None), Some(false));
    }
}
