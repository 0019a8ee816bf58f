//! Results for serde are the `dict`s that they are in Python.
#![cfg(feature = "serde")]

use datasette_tokens::{Datasette, Secret, TokenRequest, TokenRestrictions, Value};

#[test]
fn serde_writes_what_the_values_write() -> Result<(), Box<dyn std::error::Error>> {
    let datasette = Datasette::builder().secret(Secret::new("not a secret".to_owned())?).build();
    let restrictions = TokenRestrictions::new().allow_all("view-table").allow_resource(
        "docs",
        "pages",
        "insert-row",
    );
    let request = TokenRequest::new("ann").expires_after(60).restrictions(restrictions);
    let token = datasette.create_token(&request, 1000.0)?;

    let actor = datasette.verify_token(&token, 1000.0)?.ok_or("no actor")?;
    assert_eq!(serde_json::to_string(&actor)?, actor.to_json());
    let allowlist = actor.allowlist().ok_or("no allowlist")?;
    let expected = r#"{"all":["vt"],"database":{},"resource":{"docs":{"pages":["ir"]}}}"#;
    assert_eq!(serde_json::to_string(&allowlist)?, expected);
    let access = datasette.token_allows_action(&token, &"view-table".into(), None, 1000.0)?;
    let expected = format!(r#"{{"actor":{},"allowed":true}}"#, actor.to_json());
    assert_eq!(serde_json::to_string(&access)?, expected);
    let inspection = datasette.inspect_token(&token, 2000.0)?;
    let written = serde_json::to_string(&inspection)?;
    assert!(written.contains(r#""status":"expired","reason":"Token has expired""#), "{written}");
    assert_eq!(written, Value::from(inspection).to_json()?);
    Ok(())
}
