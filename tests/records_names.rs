//! Names of columns and members in `dstok create-tokens`: near misses fail, other names don't
//! matter; and warnings of unknown actions.
#![allow(clippy::unwrap_used, reason = "a test helper that fails may fail the test")]

mod common;

use common::{create_tokens, token};

/// A near miss and its parameter.
const NEAR_MISSES: [(&str, &str); 16] = [
    ("Restrictions", "restrictions"),
    (" restrictions", "restrictions"),
    ("restriction", "restrictions"),
    (" expires_after", "expires_after"),
    ("expiresAfter", "expires_after"),
    ("expire_after", "expires_after"),
    ("Expires After", "expires_after"),
    ("expires-after ", "expires_after"),
    ("EXPIRES_AFTER", "expires_after"),
    ("restrictAll", "restrict_all"),
    ("restrict_al", "restrict_all"),
    ("restrict_databases", "restrict_database"),
    ("restrict_databse", "restrict_database"),
    ("restrict-resource", "restrict_resource"),
    ("Now", "now"),
    ("now ", "now"),
];

#[test]
fn a_near_miss_in_a_header_is_a_usage_error() {
    let plain = token(r#"["root"]"#);
    for (name, parameter) in NEAR_MISSES {
        for input in [
            format!("actor_id,{name}\nroot,\n"),
            format!("{name},actor_id\n,root\n"),
            format!("actor_id;\"{name}\"\nroot;\n"),
        ] {
            let outcome = create_tokens(&[], &input);
            outcome.usage_error();
            assert!(outcome.stderr.contains(parameter), "{input}: {outcome:?}");
            assert!(outcome.stderr.contains("--ignore"), "{outcome:?}");
            let options = ["--ignore", name, "--ignore", "x", "--format", "tokens"];
            let outcome = create_tokens(&options, &input);
            outcome.quiet_success();
            assert_eq!(outcome.stdout.trim(), plain);
        }
    }
}

#[test]
fn a_near_miss_in_json_is_an_error_of_the_record() {
    let plain = token(r#"["root"]"#);
    for (name, parameter) in NEAR_MISSES {
        let input = format!(
            "{{\"actor_id\":\"root\"}}\n\n{{\"actor_id\":\"root\",\"{name}\":null}}\n\
             {{\"actor_id\":\"root\"}}\n"
        );
        let outcome = create_tokens(&["--format", "tokens"], &input);
        assert_eq!(outcome.code, Some(1), "{outcome:?}");
        assert_eq!(outcome.stdout, format!("{plain}\n\n{plain}\n"));
        let shown = if name.contains(' ') { format!("{name:?}") } else { name.to_owned() };
        let message = format!("dstok: line 3: {shown} looks like a misspelled {parameter};");
        assert!(outcome.stderr.starts_with(&message), "{outcome:?}");
        let outcome = create_tokens(&["--format", "tokens", "--ignore", name], &input);
        outcome.quiet_success();
        assert_eq!(outcome.stdout, format!("{plain}\n").repeat(3));
    }
}

#[test]
fn other_names_are_ordinary() {
    let plain = token(r#"["root"]"#);
    let names = ["row", "no", "new", "expires", "action", "factor_id", "actorId", "actor_ids"];
    let input = format!("actor_id,{},,,row\nroot{}\n", names.join(","), ",1".repeat(11));
    let outcome = create_tokens(&["--format", "tokens"], input);
    outcome.quiet_success();
    assert_eq!(outcome.stdout.trim(), plain);
    let members: String = names.map(|name| format!(",\"{name}\":1")).concat();
    let input = format!("{{\"actor_id\":\"root\"{members}}}\n");
    let outcome = create_tokens(&["--format", "tokens"], input);
    outcome.quiet_success();
    assert_eq!(outcome.stdout.trim(), plain);
}

#[test]
fn empty_and_repeated_columns_stay() {
    let plain = token(r#"["root"]"#);
    let outcome = create_tokens(&[], "x,,actor_id,,x\n1,2,root,3,4\n");
    outcome.quiet_success();
    assert_eq!(outcome.stdout, format!("x,,actor_id,,x,token,error\n1,2,root,3,4,{plain},\n"));
    for name in ["actor_id", "now", "restrictions", "restrict_all"] {
        create_tokens(&[], format!("actor_id,{name},{name}\n1,,\n")).usage_error();
    }
}

#[test]
fn the_actor_can_have_another_name() {
    let plain = token(r#"["root"]"#);
    let options = ["--actor-column", "user", "--format", "tokens"];
    for input in ["actor_id,user\nx,root\n", "{\"user\":\"root\",\"actor_id\":1,\"actorId\":2}\n"] {
        let outcome = create_tokens(&options, input);
        outcome.quiet_success();
        assert_eq!(outcome.stdout.trim(), plain);
    }
    let outcome = create_tokens(&options, "{\"actor_id\":1}\n{\"user\":1,\"user\":2}\n");
    assert_eq!(outcome.code, Some(1));
    for message in ["line 1: user is required\n", "line 2: user is given twice\n"] {
        assert!(outcome.stderr.contains(message), "{outcome:?}");
    }
    let outcome = create_tokens(&options, "user,n\n,1\n");
    assert!(outcome.stderr.contains("line 2: user is empty"), "{outcome:?}");
    let outcome = create_tokens(&options, "actor_id\nroot\n");
    outcome.usage_error();
    assert!(outcome.stderr.contains("no column user;"), "{outcome:?}");
    create_tokens(&["--actor-column", "now"], "now\nroot\n").usage_error();
    create_tokens(&["--ignore", "restrictions"], "actor_id,restrictions\nroot,\n").usage_error();
    // Without any actor, a near miss is one.
    for header in ["actorId", "Actor ID", "actor_ids", "actorid"] {
        let outcome = create_tokens(&[], format!("{header},n\nroot,1\n"));
        outcome.usage_error();
        assert!(outcome.stderr.contains("actor_id"), "{outcome:?}");
    }
    let outcome = create_tokens(&[], "{\"actorId\":1}\n");
    assert!(
        outcome.stderr.contains("line 1: actorId looks like a misspelled actor_id"),
        "{outcome:?}"
    );
}

#[test]
fn unknown_actions_are_warned_of_once() {
    let warning = |action: &str| format!("  Unknown permission: {action} \n");
    let options = ["--all", "bogus", "-d", "db", "bogus", "--all", "view-instance,view-table"];
    let input = "actor_id,restrict_all\na,\nb,view-instance vt\nc,bogus other\nd,other\n";
    let outcome = create_tokens(&options, input);
    assert_eq!(outcome.code, Some(0));
    let expected = ["bogus", "view-instance,view-table", "other"].map(warning);
    assert_eq!(outcome.stderr, expected.concat());
    let outcome = create_tokens(
        &[],
        "{\"actor_id\":1,\"restrictions\":{\"resource\":{\"view-table\":{\"y\":[\"one\"]}}}}\n\
         {\"actor_id\":1,\"restrict_database\":{\"db\":[\"two\",\"one\"]}}\n",
    );
    assert_eq!(outcome.stderr, ["one", "two"].map(warning).concat());
    let rows: String = (0..5000).map(|n| format!("u,x{n}\n")).collect();
    let outcome = create_tokens(&[], format!("actor_id,restrict_all\n{rows}"));
    assert_eq!(outcome.code, Some(0));
    assert!((10..100).contains(&outcome.stderr.lines().count()), "{}", outcome.stderr);
}
