//! The invariants of `docs/explanation/architecture.md` that neither the compiler nor clippy can keep, read
//! off the sources.
#![allow(clippy::unwrap_used, reason = "a helper that fails, fails its test")]
#![allow(clippy::disallowed_methods, reason = "the sources are what is tested")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

const MAX_FILE_LINES: usize = 400;
const MAX_FUNCTION_LINES: usize = 50;
/// Lines of code in `src` and `crates` together, without comments and tests. Lower it when you can.
const MAX_LINES: usize = 14_540;

/// The files with `unsafe`: one calls zlib, the others call what the standard library lacks of a
/// system, one file for each system.
const UNSAFE_FILES: [&str; 3] =
    ["crates/pyzlib/src/stock.rs", "src/platform/unix/sys.rs", "src/platform/windows/sys.rs"];

/// A source file.
struct Source {
    path: PathBuf,
    text: String,
    /// The text without comments and without the tests at its end.
    code: String,
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for folder in ["src", "crates"] {
        collect(&root.join(folder), &mut paths);
    }
    paths.sort();
    assert!(paths.len() > 100, "the sources were not found");
    let source = |path: PathBuf| {
        let text = fs::read_to_string(&path).unwrap();
        let before_tests = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
        let is_code = |line: &&str| !line.trim_start().starts_with("//");
        let code: Vec<_> = before_tests.lines().filter(is_code).collect();
        Source { path: path.strip_prefix(root).unwrap().to_owned(), code: code.join("\n"), text }
    };
    paths.into_iter().map(source).collect()
}

/// The sources of libraries and program, below a folder `src`.
fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs")
            && path.components().any(|part| part.as_os_str() == "src")
        {
            paths.push(path);
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
            let declaration_end = format!("{})", " ".repeat(indent));
            let is_end = |line: &&str| {
                *line == end || line.starts_with(&declaration_end) && line.ends_with(';')
            };
            let length = lines[start..].iter().position(is_end).unwrap_or(0) + 1;
            assert!(length <= MAX_FUNCTION_LINES, "{:?}: {name}: {length} lines", source.path);
        }
    }
}

#[test]
fn all_of_it_is_short() {
    let lines =
        |source: &Source| source.code.lines().filter(|line| !line.trim().is_empty()).count();
    let sources = sources();
    let product = sources.iter().filter(|source| !source.path.starts_with("crates/testing"));
    let total: usize = product.map(lines).sum();
    assert!(total <= MAX_LINES, "{total} lines of code");
}

#[test]
fn unsafe_stands_in_three_files_with_a_reason_at_each_block() {
    for source in sources() {
        let blocks = source.code.matches("unsafe {").count();
        if !UNSAFE_FILES.iter().any(|file| source.path == Path::new(file)) {
            let is_testing = source.path.starts_with("crates/testing");
            assert!(is_testing || !source.code.contains("unsafe "), "{:?}", source.path);
            continue;
        }
        let reasons = source.text.matches("// SAFETY:").count();
        assert!(blocks > 0 && reasons >= blocks, "{reasons} reasons for {blocks} blocks");
    }
}

/// Elsewhere no code depends on the operating system. Tests and build scripts may.
#[test]
fn only_the_platform_folder_knows_the_operating_system() {
    for source in sources() {
        if source.path.starts_with("src/platform") || source.path.starts_with("src/platform.rs") {
            continue;
        }
        for word in
            ["target_os", "(unix", "(windows", "os::unix", "os::fd", "os::windows", "rustix::"]
        {
            let is_testing = source.path.starts_with("crates/testing");
            assert!(is_testing || !source.code.contains(word), "{:?} has {word}", source.path);
        }
    }
}

#[test]
fn the_secret_has_no_way_out() {
    let path = Path::new("crates/datasette-tokens/src/secret.rs");
    let source = sources().into_iter().find(|source| source.path == path).unwrap();
    let definition = source.code.split("pub struct Secret").next().unwrap();
    assert!(!definition.contains("derive"));
    for word in ["Display for Secret", "Serialize", "pub fn as_bytes", "Deref"] {
        assert!(!source.code.contains(word), "secret.rs has {word}");
    }
}

#[test]
fn only_release_rs_tells_releases_apart() {
    let path = Path::new("crates/datasette-tokens/src/release.rs");
    for source in sources().iter().filter(|source| source.path != path) {
        for word in ["alpha(", "is_since(", "release().name() =", "release.name() ="] {
            assert!(!source.code.contains(word), "{:?} has {word}", source.path);
        }
    }
}

#[test]
fn no_file_uses_one_that_uses_it() {
    let sources = sources();
    let mut roots: BTreeMap<PathBuf, Modules<'_>> = BTreeMap::new();
    for source in &sources {
        let root: PathBuf =
            source.path.components().take_while(|part| part.as_os_str() != "src").collect();
        roots.entry(root).or_default().add(source);
    }
    assert_eq!(roots.len(), 6);
    for modules in roots.values() {
        let edges = modules.edges();
        if let Some(circle) = find_circle(&edges) {
            panic!("a circle of uses: {}", circle.join(" → "));
        }
        if std::env::var_os("SHOW_USES").is_some() {
            for (from, to) in &edges {
                let to: Vec<_> = to.iter().map(|file| file.as_str()).collect();
                eprintln!("{from}: {}", to.join(", "));
            }
        }
    }
}

/// A path of names in Rust.
type Names = Vec<String>;

/// The modules of a package, by path. The library and the program of one package share them.
#[derive(Default)]
struct Modules<'s> {
    files: BTreeMap<Names, Vec<&'s Source>>,
}

impl<'s> Modules<'s> {
    fn add(&mut self, source: &'s Source) {
        let after_src = source.path.components().skip_while(|part| part.as_os_str() != "src");
        let names = after_src
            .skip(1)
            .map(|part| part.as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned());
        let path: Names = names.filter(|name| name != "lib" && name != "main").collect();
        self.files.entry(path).or_default().push(source);
    }

    /// Which files each file uses, but for what it re-exports.
    fn edges(&self) -> BTreeMap<String, BTreeSet<String>> {
        let mut edges: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for (module, sources) in &self.files {
            let name = name_of(module);
            for source in sources {
                for (path, _) in uses(&source.code).into_iter().filter(|(_, is_public)| !is_public)
                {
                    if let Some(target) = self.resolve(module, &path, 0).filter(|t| *t != name) {
                        edges.entry(name.clone()).or_default().insert(target);
                    }
                }
            }
        }
        edges
    }

    /// The file that defines what a path means inside a module; `None` outside of the package.
    fn resolve(&self, module: &Names, path: &[String], depth: usize) -> Option<String> {
        assert!(depth < 20, "a re-export of itself: {module:?} {path:?}");
        let (mut at, mut rest) = (module.clone(), path);
        match rest.first()?.as_str() {
            "crate" | "dstok" => (at, rest) = (Names::new(), &rest[1..]),
            "self" => rest = &rest[1..],
            "super" => {
                while rest.first().is_some_and(|name| name == "super") {
                    at.pop()?;
                    rest = &rest[1..];
                }
            }
            first => {
                let mut child = at.clone();
                child.push(first.to_owned());
                self.files.get(&child)?;
            }
        }
        while let Some((name, behind)) = rest.split_first() {
            let mut child = at.clone();
            child.push(name.clone());
            if self.files.contains_key(&child) {
                (at, rest) = (child, behind);
                continue;
            }
            let sources = self.files.get(&at)?;
            let exported = sources
                .iter()
                .flat_map(|source| uses(&source.code))
                .find(|(path, is_public)| *is_public && path.last() == Some(name));
            return match exported {
                Some((path, _)) => self.resolve(&at, &path, depth + 1),
                None => self.through_globs(&at, name, depth).or_else(|| Some(name_of(&at))),
            };
        }
        Some(name_of(&at))
    }
}

impl Modules<'_> {
    /// The file whose name a module exports by `pub use child::*`.
    fn through_globs(&self, module: &Names, name: &str, depth: usize) -> Option<String> {
        let exports = self.files.get(module)?.iter().flat_map(|source| uses(&source.code));
        let globs = exports
            .filter(|(path, is_public)| *is_public && path.last().is_some_and(|it| it == "*"));
        globs.into_iter().find_map(|(mut path, _)| {
            path.pop();
            path.push(name.to_owned());
            let found = self.resolve(module, &path, depth + 1)?;
            // A module that doesn't export the name resolves to itself.
            let mut child = module.clone();
            child.extend(path[..path.len() - 1].iter().cloned());
            (found != name_of(&child)).then_some(found)
        })
    }
}

fn name_of(module: &Names) -> String {
    if module.is_empty() { "(root)".to_owned() } else { module.join("::") }
}

/// The paths that code uses, and whether each is a re-export.
fn uses(code: &str) -> Vec<(Names, bool)> {
    let mut paths = Vec::new();
    let mut rest = String::new();
    let mut statement: Option<(String, bool)> = None;
    for line in code.lines() {
        let trimmed = line.trim();
        if statement.is_none()
            && let Some((before, after)) = trimmed.split_once("use ")
            && ["", "pub ", "pub(crate) ", "pub(super) "].contains(&before)
        {
            statement = Some((after.to_owned(), !before.is_empty()));
        } else if let Some((text, _)) = &mut statement {
            text.push_str(trimmed);
        } else {
            rest.push_str(line);
            rest.push('\n');
        }
        if statement.as_ref().is_some_and(|(text, _)| text.ends_with(';')) {
            let (text, is_public) = statement.take().unwrap();
            for path in expand(text.trim_end_matches(';')) {
                paths.push((path, is_public));
            }
        }
    }
    for start in ["crate::", "super::", "dstok::"] {
        for (at, _) in rest.match_indices(start) {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
            if !rest[..at].ends_with(is_part) {
                let path = rest[at..].split(|c| !is_part(c)).next().unwrap();
                paths.push((names(path.trim_end_matches(':')), false));
            }
        }
    }
    paths
}

/// `a::{b, c::{d, e as f}}` as the paths in it.
fn expand(text: &str) -> Vec<Names> {
    let Some((before, inside)) = text.split_once('{') else {
        return vec![names(text.split(" as ").next().unwrap().trim())];
    };
    let inside = inside.trim_end().strip_suffix('}').unwrap();
    let (mut parts, mut depth, mut start) = (Vec::new(), 0, 0);
    for (at, c) in inside.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&inside[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&inside[start..]);
    let parts = parts.into_iter().map(str::trim).filter(|part| !part.is_empty());
    parts.flat_map(|part| expand(&format!("{before}{part}"))).collect()
}

fn names(path: &str) -> Names {
    path.split("::").map(str::to_owned).filter(|name| !name.is_empty()).collect()
}

/// Files of which each uses the next, and the last the first.
fn find_circle(edges: &BTreeMap<String, BTreeSet<String>>) -> Option<Vec<String>> {
    fn visit<'e>(
        file: &'e str,
        edges: &'e BTreeMap<String, BTreeSet<String>>,
        path: &mut Vec<&'e str>,
        done: &mut BTreeSet<&'e str>,
    ) -> Option<Vec<String>> {
        if let Some(at) = path.iter().position(|known| *known == file) {
            let circle = path[at..].iter().chain([&file]);
            return Some(circle.map(|name| (*name).to_owned()).collect());
        }
        if !done.insert(file) {
            return None;
        }
        path.push(file);
        let found =
            edges.get(file).into_iter().flatten().find_map(|to| visit(to, edges, path, done));
        path.pop();
        found
    }
    let mut done = BTreeSet::new();
    edges.keys().find_map(|file| visit(file, edges, &mut Vec::new(), &mut done))
}
