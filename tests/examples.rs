//! Every `console` block of the documentation prints what it shows. The blocks of a page run in one
//! shell. `UPDATE_EXAMPLES=1 cargo test --test examples` writes what is printed into the pages.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the documents are what is tested")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BEGIN: &str = "```console\n";
const END: &str = "```\n";
/// Stands before what each command prints.
const MARK: &str = "\u{1}\n";

/// The commands of a block, each with its here-document.
fn commands(block: &str) -> Vec<String> {
    let mut commands = Vec::new();
    let mut lines = block.lines();
    while let Some(line) = lines.next() {
        let Some(command) = line.strip_prefix("$ ") else { continue };
        let mut command = command.to_owned();
        let mut is_open = command.contains("<<'EOF'");
        while is_open || command.ends_with('\\') {
            let line = lines.next().unwrap();
            command = format!("{command}\n{line}");
            is_open &= line != "EOF";
        }
        commands.push(command);
    }
    commands
}

/// What a terminal shows of each command.
fn run(commands: &[String]) -> Vec<String> {
    let folder = tempfile::tempdir().unwrap();
    let script: String =
        commands.iter().map(|command| format!("printf '{MARK}'\n{command}\n")).collect();
    let programs = Path::new(env!("CARGO_BIN_EXE_dstok")).parent().unwrap();
    let shell = Command::new("bash")
        .args(["-c", &format!("exec 2>&1\n{script}")])
        .current_dir(folder.path())
        .env_remove("DATASETTE_SECRET")
        .env("HOME", folder.path())
        .env("PATH", format!("{}:{}", programs.display(), std::env::var("PATH").unwrap()))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let printed = String::from_utf8(shell.stdout).unwrap();
    let printed: Vec<_> = printed.split(MARK).skip(1).collect();
    assert_eq!(printed.len(), commands.len(), "{printed:?}");
    commands.iter().zip(printed).map(|(one, printed)| format!("$ {one}\n{printed}")).collect()
}

/// The page with what is really printed.
fn executed(page: &str) -> String {
    let blocks: Vec<_> = page.split(BEGIN).skip(1).map(|rest| rest.split(END).next()).collect();
    let blocks: Vec<_> = blocks.into_iter().map(|block| commands(block.unwrap())).collect();
    let mut shown = run(&blocks.concat()).into_iter();
    let mut parts = page.split(BEGIN);
    let mut result = parts.next().unwrap().to_owned();
    for (part, block) in parts.zip(&blocks) {
        let (_, after) = part.split_once(END).unwrap();
        result.push_str(BEGIN);
        result.extend(shown.by_ref().take(block.len()));
        result.push_str(END);
        result.push_str(after);
    }
    result
}

fn pages(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let (folders, files): (Vec<_>, Vec<_>) =
        entries.filter(|path| !path.ends_with("_build")).partition(|path| path.is_dir());
    let files = files.into_iter().filter(|path| path.extension().is_some_and(|end| end == "md"));
    folders.iter().flat_map(|folder| pages(folder)).chain(files).collect()
}

#[test]
fn examples_print_what_they_show() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut count = 0;
    for path in pages(&root.join("docs")).into_iter().chain([root.join("README.md")]) {
        let page = fs::read_to_string(&path).unwrap();
        count += page.matches(BEGIN).count();
        let executed = executed(&page);
        if std::env::var_os("UPDATE_EXAMPLES").is_some() {
            fs::write(&path, &executed).unwrap();
        }
        for (line, (shown, printed)) in page.lines().zip(executed.lines()).enumerate() {
            assert_eq!(shown, printed, "{}:{}", path.display(), line + 1);
        }
        assert_eq!(page.len(), executed.len(), "{}", path.display());
    }
    assert!(count >= 4, "only {count} examples were found");
}

/// Without one, GitHub and the documentation colour a block wrongly, and nobody knows whether it is
/// run.
#[test]
fn every_fence_of_the_readme_has_a_language() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = fs::read_to_string(root.join("README.md")).unwrap();
    let fences: Vec<_> = readme.lines().filter(|line| line.starts_with("```")).collect();
    for pair in fences.chunks(2) {
        assert!(pair[0].len() > 3 && pair[1] == "```", "{pair:?}");
    }
    assert!(readme.lines().count() <= 120);
}
