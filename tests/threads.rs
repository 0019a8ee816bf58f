//! `--threads N` changes how fast the answers come, never what they are nor their order.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a helper that fails, fails its test")]

mod common;

use common::{READY, cli, dstok, run};
use proptest::prelude::*;

fn answers(threads: &str, input: &str) -> String {
    let outcome = run(&mut dstok(READY.iter().chain(&["--threads", threads])), input);
    outcome.quiet_success();
    outcome.stdout
}

fn call(id: usize, method: &str, params: &str) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}","params":{params}}}"#)
}

/// A line of a kind that makes a difference to who answers it.
fn line(kind: usize, id: usize) -> String {
    let table = "t".repeat(id % 400);
    match kind {
        0 => call(id, "configure", &format!(r#"{{"secret":"secret {id}"}}"#)),
        // The same method, spelled so that only a JSON reader finds it.
        1 => call(id, "conf\\u0069gure", r#"{"settings":{"max_signed_tokens_ttl":60}}"#),
        2 => call(id, "configure", r#"{"settings":{"max_signed_tokens_ttl":-1}}"#),
        3 => format!("[{},{}]", call(id, "info", "[]"), call(id, "configure", "[\"batch\"]")),
        4 => format!("[{0},7,{0}]", call(id, "create_token", "[\"batch\"]")),
        5 => r#"{"jsonrpc":"2.0","method":"configure","params":["a notification"]}"#.to_owned(),
        6 => r#"{"jsonrpc":"2.0","method":"ping"}"#.to_owned(),
        7 => "no JSON".to_owned(),
        8 => String::new(),
        9 => call(id, "rpc.discover", "[]"),
        10 => call(id, "info", "[]"),
        11 => call(
            id,
            "create_token",
            &format!(
                r#"{{"actor_id":{id},"restrict_resource":{{"d":{{"{table}":["view-table"]}}}}}}"#
            ),
        ),
        _ => call(id, "create_token", &format!(r#"["actor {id}",{id}]"#)),
    }
}

#[test]
fn many_lines_are_answered_in_their_order() {
    let input: String = (0..5000).map(|id| line(99, id) + "\n").collect();
    let alone = answers("1", &input);
    assert_eq!(alone.lines().count(), 5000);
    for threads in ["2", "3", "8", "64"] {
        assert!(answers(threads, &input) == alone, "{threads} threads");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    /// A change of configuration holds for what stands after it, wherever the threads are.
    #[test]
    fn each_line_is_judged_by_what_holds_at_its_place(
        rare in prop::collection::vec((0usize..3000, 0usize..11), 0..8),
        common in prop::sample::select(vec![11usize, 12]),
    ) {
        let mut kinds = vec![common; 3000];
        for (at, kind) in rare {
            kinds[at] = kind;
        }
        let lines = kinds.iter().enumerate().map(|(id, &kind)| line(kind, id) + "\n");
        let input: String = lines.collect();
        prop_assert!(answers("4", &input) == answers("1", &input));
    }
}

#[test]
fn the_number_of_threads_must_be_one() {
    for wrong in ["0", "-1", "many", "65"] {
        cli(["serve", &format!("--threads={wrong}")]).usage_error();
    }
}
