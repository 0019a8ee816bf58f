//! The invariants of `docs/architecture.md`, read off the sources.
#![allow(clippy::unwrap_used, reason = "a test helper that cannot go on fails the test")]
#![allow(clippy::disallowed_methods, reason = "the sources are what is tested")]

use std::fs;
use std::path::{Path, PathBuf};

/// The modules of the library, from the lowest to the highest. A module may use those before it
/// that are not of its own layer, and in layer 3, where one leads to the next, all before it.
const LAYERS: [(u8, &[&str]); 4] = [
    (0, &["pyjson", "zlib", "secret"]),
    (1, &["itsdangerous"]),
    (2, &["datasette"]),
    (3, &["rpc", "guard_rails", "methods", "confinement", "serve"]),
];

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 50;

/// Functions that may be longer, each with its reason.
const LONG_FUNCTIONS: [(&str, &str); 0] = [];

struct Source {
    path: PathBuf,
    /// The module at the root of the library or the program.
    module: String,
    /// Without comments and without the tests at the end.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    collect(&root, &mut files);
    assert!(files.len() > 20, "the sources were not found");
    files
        .into_iter()
        .map(|path| {
            let text = fs::read_to_string(&path).unwrap();
            let text = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
            let code: Vec<_> =
                text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let relative = path.strip_prefix(&root).unwrap();
            let first = relative.components().next().unwrap().as_os_str().to_str().unwrap();
            let module = first.trim_end_matches(".rs").to_owned();
            Source { code: code.join("\n"), module, path: relative.to_owned() }
        })
        .collect()
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The layer of a module of the library, and its place in that layer.
fn layer(module: &str) -> Option<(u8, usize)> {
    LAYERS.iter().find_map(|(layer, modules)| {
        modules.iter().position(|&known| known == module).map(|place| (*layer, place))
    })
}

fn below_the_edge(source: &Source) -> bool {
    layer(&source.module).is_some_and(|(layer, _)| layer < 3)
}

#[test]
fn every_module_has_a_layer() {
    for source in sources() {
        let known = layer(&source.module).is_some();
        assert!(known || ["lib", "main", "cli"].contains(&&*source.module), "{:?}", source.path);
    }
}

#[test]
fn imports_run_downwards() {
    for source in sources() {
        let Some((own_layer, own_place)) = layer(&source.module) else { continue };
        for (at, _) in source.code.match_indices("crate::") {
            let rest = &source.code[at + "crate::".len()..];
            let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap();
            let used = &rest[..end];
            let (layer, place) =
                layer(used).unwrap_or_else(|| panic!("{:?} uses crate::{used}", source.path));
            let downwards =
                layer < own_layer || (own_layer == 3 && layer == 3 && place < own_place);
            assert!(used == source.module || downwards, "{:?} uses {used}", source.path);
        }
    }
}

#[test]
fn only_the_edge_does_io_and_reads_the_clock() {
    let banned = [
        "std::fs",
        "std::io",
        "std::env",
        "std::net",
        "std::process",
        "std::thread",
        "SystemTime",
        "Instant",
        "print!",
        "println!",
        "rustix",
        "signal_hook",
    ];
    for source in sources().iter().filter(|source| below_the_edge(source)) {
        for word in banned {
            assert!(!source.code.contains(word), "{:?} has {word}", source.path);
        }
    }
}

#[test]
fn only_the_edge_knows_json_rpc() {
    for source in sources().iter().filter(|source| below_the_edge(source)) {
        for word in ["Serialize", "jsonrpc", "-32", "rpc"] {
            assert!(!source.code.contains(word), "{:?} has {word}", source.path);
        }
    }
}

#[test]
fn unsafe_stands_in_one_file_with_a_reason_at_each_block() {
    for source in sources() {
        let blocks = source.code.matches("unsafe {").count();
        if source.path != Path::new("zlib/stock.rs") {
            assert!(!source.code.contains("unsafe "), "{:?}", source.path);
            continue;
        }
        let text = fs::read_to_string(Path::new("src").join(&source.path)).unwrap();
        let text = text.split("\n#[cfg(test)]").next().unwrap();
        let reasons = text.matches("// SAFETY:").count();
        assert!(blocks > 0 && reasons >= text.matches("unsafe {").count(), "{reasons} reasons");
    }
}

#[test]
fn only_release_rs_tells_releases_apart() {
    for source in sources() {
        if source.path == Path::new("datasette/release.rs") {
            continue;
        }
        for word in [".alpha", "alpha(", "release().name() =", "release.name() =", "ACTIONS: ["] {
            assert!(!source.code.contains(word), "{:?} has {word}", source.path);
        }
    }
}

#[test]
fn files_and_functions_are_short() {
    for source in sources() {
        let lines: Vec<_> = source.code.lines().collect();
        assert!(lines.len() <= MAX_FILE_LINES, "{:?} has {} lines", source.path, lines.len());
        for (start, line) in lines.iter().enumerate() {
            let indent = line.len() - line.trim_start().len();
            let Some(at) = line.find("fn ").filter(|_| !line.trim_end().ends_with(';')) else {
                continue;
            };
            let prefix = line[..at].trim();
            if !["", "pub", "pub(super)", "pub(crate)", "const"].contains(&prefix) {
                continue;
            }
            let name = line[at + 3..].split(['(', '<']).next().unwrap();
            let end = format!("{}}}", " ".repeat(indent));
            let length = lines[start..].iter().position(|line| *line == end).unwrap_or(0) + 1;
            let allowed = LONG_FUNCTIONS.iter().any(|(known, _)| *known == name);
            assert!(allowed || length <= MAX_FUNCTION_LINES, "{name} has {length} lines");
        }
    }
}

#[test]
fn the_secret_has_no_way_out() {
    let source = sources().into_iter().find(|source| source.module == "secret").unwrap();
    let definition = source.code.split("pub struct Secret").next().unwrap();
    assert!(!definition.contains("derive"));
    for word in ["Display for Secret", "Serialize", "pub fn as_bytes", "Deref"] {
        assert!(!source.code.contains(word), "secret.rs has {word}");
    }
}
