//! Completions, man pages, `--help` and suggestions.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the files of the examples are read")]

mod common;

use std::process::Command;

use common::{cli, dstok, run};

#[track_caller]
fn output(args: &[&str]) -> String {
    let outcome = cli(args);
    outcome.quiet_success();
    outcome.stdout
}

fn subcommands() -> Vec<String> {
    let help = output(&["--help"]);
    let lines = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let lines = lines.take_while(|line| !line.is_empty());
    let names: Vec<_> = lines
        .filter(|line| line.starts_with("  ") && !line.starts_with("   "))
        .filter_map(|line| line.split_whitespace().next().map(str::to_owned))
        .filter(|name| name != "help")
        .collect();
    assert!(names.len() >= 10, "{help}");
    names
}

/// The long options that a help text lists.
fn options(subcommand: &str) -> Vec<String> {
    let help = output(&[subcommand, "--help"]);
    let words = help.lines().filter(|line| line.trim_start().starts_with('-'));
    let words = words.flat_map(|line| line.split([' ', ',', '.']));
    words.filter(|word| word.starts_with("--") && word.len() > 2).map(str::to_owned).collect()
}

/// Whether a program that checks the output is installed.
fn is_installed(program: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).output().unwrap();
    found.status.success()
}

#[test]
fn each_subcommand_has_help_with_an_example() {
    for name in subcommands() {
        let help = output(&[&name, "--help"]);
        assert!(help.contains("\nExample"), "{name}: {help}");
        assert!(
            help.contains(&format!("  dstok {name}")) || help.contains(&format!("dstok {name} ")),
            "{name}"
        );
        let manual = format!("\n\nManual: man dstok-{name}, or dstok man {name} | man -l -\n");
        assert!(help.ends_with(&manual), "{name}: {help}");
    }
    assert!(output(&["--help"]).contains("man dstok"));
    assert_eq!(output(&["-V"]), format!("dstok {}\n", env!("CARGO_PKG_VERSION")));
    assert_eq!(output(&["--version"]), output(&["-V"]));
}

#[test]
fn help_fits_into_80_columns() {
    let names = subcommands();
    let all = names.iter().map(|name| vec![name.as_str(), "--help"]).chain([vec!["--help"]]);
    for args in all {
        let outcome = run(dstok(&args).env("COLUMNS", "80"), "");
        outcome.quiet_success();
        let (before, examples) = outcome.stdout.split_once("\nExample").unwrap_or_default();
        assert!(outcome.stdout.lines().all(|line| line.len() <= 80), "{}", outcome.stdout);
        // An example that clap has wrapped can't be pasted.
        let is_whole =
            |line: &str| ["  dstok ", "  echo ", "      "].iter().any(|it| line.starts_with(it));
        let commands = examples.lines().skip(1).take_while(|line| !line.is_empty());
        assert!(commands.clone().all(is_whole), "{examples}");
        assert_eq!(before.is_empty(), args == ["--help"], "{args:?}");
    }
}

#[test]
#[cfg(unix)]
fn dstok_alone_explains_itself_with_examples_that_work() {
    let outcome = cli([""; 0]);
    assert_eq!((outcome.code, &*outcome.stdout), (Some(2), ""), "{outcome:?}");
    assert!(outcome.stderr.lines().all(|line| line.len() <= 80), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("man dstok") && outcome.stderr.contains("dstok --help"));
    let folder = common::folder("introduction");
    std::fs::write(folder.join("secret.txt"), "s\n").unwrap();
    std::fs::write(folder.join("users.csv"), "actor_id\nann\n").unwrap();
    let examples: Vec<_> =
        outcome.stderr.lines().filter_map(|line| line.strip_prefix("  dstok ")).collect();
    assert_eq!(examples.len(), 4, "{}", outcome.stderr);
    for (at, example) in examples.into_iter().enumerate() {
        // dstok warns of a secret file that others can read.
        let command = format!("chmod 600 secret.txt; {} {example}", env!("CARGO_BIN_EXE_dstok"));
        let outcome = run(Command::new("sh").args(["-c", &command]).current_dir(&folder), "");
        outcome.quiet_success();
        if at == 0 {
            std::fs::write(folder.join("token.txt"), outcome.stdout).unwrap();
        }
    }
    let tokens = std::fs::read_to_string(folder.join("tokens.csv")).unwrap();
    assert!(tokens.starts_with("actor_id,token,error\nann,dstok_"), "{tokens}");
    // A command that is empty, as in `dstok "$COMMAND"`, is a usual error.
    cli([""]).usage_error();
}

#[test]
fn bash_completes_subcommands_and_options() {
    let script = output(&["completions", "bash"]);
    let complete = |words: &str, at: usize| {
        let test = format!(
            "{script}\nCOMP_WORDS=({words})\nCOMP_CWORD={at}\n\
             _dstok dstok \"${{COMP_WORDS[{at}]}}\" \"${{COMP_WORDS[{}]}}\"\n\
             printf '%s\\n' \"${{COMPREPLY[@]}}\"",
            at - 1
        );
        let outcome = run(Command::new("bash").args(["--norc", "-c", &test]), "");
        assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome:?}");
        outcome.stdout.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(complete("dstok create-tok", 1), ["create-token", "create-tokens"]);
    assert_eq!(complete("dstok create-token --exp", 2), ["--expires-after"]);
    assert_eq!(complete("dstok serve --zlib zlib", 3), ["zlib", "zlib-ng"]);
    for name in subcommands() {
        let offered = complete(&format!("dstok {name} --"), 2);
        for option in options(&name) {
            assert!(offered.contains(&option), "{name} {option}: {offered:?}");
        }
    }
}

#[test]
fn zsh_and_fish_know_every_subcommand_and_option() {
    for (shell, check) in [("zsh", "-n"), ("fish", "--no-execute")] {
        let script = output(&["completions", shell]);
        for name in subcommands() {
            assert!(script.contains(&name), "{shell}: {name}");
            for option in options(&name) {
                let name = option.trim_start_matches('-');
                assert!(script.contains(name), "{shell}: {option}");
            }
        }
        if is_installed(shell) {
            let path = common::file(&format!("completions.{shell}"), &script);
            let outcome = run(Command::new(shell).arg(check).arg(path), "");
            assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{outcome:?}");
        }
    }
    cli(["completions", "cmd"]).usage_error();
    cli(["completions"]).usage_error();
}

#[test]
fn man_pages_name_every_option() {
    let main = output(&["man"]);
    assert!(main.contains(".TH dstok 1"), "{main}");
    for name in subcommands() {
        assert!(main.contains(&name.replace('-', "\\-")), "{name}");
        let page = output(&["man", &name]);
        assert!(page.contains(&format!(".TH dstok-{name} 1")), "{page}");
        for option in options(&name) {
            assert!(page.contains(&option.replace('-', "\\-")), "{name} {option}");
        }
        if is_installed("groff") {
            let outcome =
                run(Command::new("groff").args(["-man", "-Tutf8", "-ww", "-P-cbu"]), &page);
            assert_eq!((outcome.code, &*outcome.stderr), (Some(0), ""), "{name}");
            assert!(outcome.stdout.contains("NAME"), "{name}");
        }
    }
    cli(["man", "no-such-thing"]).usage_error();
}

#[test]
fn a_misspelled_argument_gets_a_suggestion() {
    for (args, meant) in [
        (&["create-tokn", "root"][..], "create-token"),
        (&["create-token", "root", "--expire-after", "5"], "--expires-after"),
        (&["create-token", "root", "--expire-after=5"], "--expires-after"),
        (&["serve", "--max-expire", "5"], "--max-expires-after"),
        (&["serve", "--zlib", "zlibng"], "zlib-ng"),
        (&["create-tokens", "--format", "json"], "jsonl"),
        (&["completions", "bsh"], "bash"),
    ] {
        let outcome = cli(args);
        outcome.usage_error();
        assert!(outcome.stderr.contains(meant), "{outcome:?}");
    }
}
