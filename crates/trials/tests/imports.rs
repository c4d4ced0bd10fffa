//! Within each crate, files import each other one way: there is no circle of files.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a crate by their modules, and the modules that each imports from.
struct Imports {
    files: BTreeMap<String, PathBuf>,
    of: BTreeMap<String, BTreeSet<String>>,
}

#[test]
fn no_crate_has_a_circle_of_files() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap();
    let crates = fs::read_dir(root.join("crates"))
        .unwrap()
        .map(|entry| entry.unwrap().path());
    let folders = crates
        .chain([root.join("xtask")])
        .map(|folder| folder.join("src"));
    let circles: Vec<_> = folders
        .filter_map(|src| Imports::of(&src).circle())
        .collect();
    assert!(
        circles.is_empty(),
        "move what both need below them: {circles:#?}"
    );
}

#[test]
fn a_circle_is_found_and_nothing_else() {
    let imports = |edges: &[(&str, &[&str])]| Imports {
        files: edges
            .iter()
            .map(|(module, _)| ((*module).to_owned(), module.into()))
            .collect(),
        of: edges
            .iter()
            .map(|(module, found)| {
                (
                    (*module).to_owned(),
                    found.iter().map(|&it| it.to_owned()).collect(),
                )
            })
            .collect(),
    };
    assert_eq!(
        imports(&[("a", &["b"]), ("b", &["c"]), ("c", &[])]).circle(),
        None
    );
    let circle = imports(&[("a", &["b"]), ("b", &["c"]), ("c", &["b"]), ("d", &[])]).circle();
    assert_eq!(circle.unwrap(), [PathBuf::from("b"), PathBuf::from("c")]);
}

#[test]
fn grouped_and_relative_paths_lead_to_modules() {
    let code =
        "use super::{a::{B, C}, d};\npub(in crate::x) fn f() { self::e::g() }\nuse crate::h as i;";
    let found: BTreeSet<String> = paths_in(code, "m::n").into_iter().collect();
    let expected = ["h", "m::a::B", "m::a::C", "m::d", "m::n::e::g"].map(str::to_owned);
    assert_eq!(found, expected.into());
}

impl Imports {
    fn of(src: &Path) -> Self {
        let mut files = BTreeMap::new();
        add_files(src, src, &mut files);
        let mut of = BTreeMap::new();
        for (module, path) in &files {
            let paths = paths_in(&production(path), module);
            let found = paths.iter().filter_map(|path| file_of(path, &files));
            of.insert(
                module.clone(),
                found.filter(|found| found != module).collect(),
            );
        }
        Self { files, of }
    }

    /// Takes out what imports nothing of the rest, and what the rest does not import, until only
    /// circles are left.
    fn circle(mut self) -> Option<Vec<PathBuf>> {
        loop {
            let left: BTreeSet<String> = self.of.keys().cloned().collect();
            self.of
                .retain(|_, found| found.iter().any(|found| left.contains(found)));
            let imported: BTreeSet<String> = self.of.values().flatten().cloned().collect();
            self.of.retain(|module, _| imported.contains(module));
            if self.of.len() == left.len() {
                break;
            }
        }
        let files = self
            .of
            .keys()
            .filter_map(|module| self.files.get(module).cloned());
        let files: Vec<_> = files.collect();
        (!files.is_empty()).then_some(files)
    }
}

/// Adds the files of a folder that are not tests by their modules: `a::b` for `src/a/b.rs`. The
/// root re-exports, and is not a module.
fn add_files(folder: &Path, src: &Path, files: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.unwrap().path();
        let relative = path.strip_prefix(src).unwrap().with_extension("");
        let module = relative
            .to_string_lossy()
            .trim_end_matches("/mod")
            .replace('/', "::");
        let name = path.file_stem().unwrap();
        if name == "tests" || module == "lib" || module == "main" {
            continue;
        } else if path.is_dir() {
            add_files(&path, src, files);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            files.insert(module, path);
        }
    }
}

/// The code before a file's tests, without comments.
fn production(path: &Path) -> String {
    let text = fs::read_to_string(path).unwrap();
    let code = text.split("\n#[cfg(test)]\nmod tests").next().unwrap();
    let lines = code.lines().map(|line| line.split("//").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

/// The file that a path leads to: that of its longest part that is one.
fn file_of(path: &str, files: &BTreeMap<String, PathBuf>) -> Option<String> {
    let mut path = path;
    loop {
        if files.contains_key(path) {
            return Some(path.to_owned());
        }
        path = path.rsplit_once("::")?.0;
    }
}

/// The paths from the crate's root in this code, also those of grouped imports.
fn paths_in(code: &str, module: &str) -> Vec<String> {
    let mut found = Vec::new();
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            let (before, rest) = code.split_at(at);
            let is_visibility = before.ends_with("in ");
            let is_part = before.ends_with(|c: char| c.is_alphanumeric() || "_:".contains(c));
            if !is_visibility && !is_part {
                leaves(tree_at(rest), "", &mut found);
            }
        }
    }
    found.iter().map(|path| from_root(path, module)).collect()
}

/// A path with its group, if it has one: `a::{b, c::d}`.
fn tree_at(code: &str) -> &str {
    let mut depth = 0_usize;
    let end = code.find(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => return depth == 0 && !c.is_alphanumeric() && !"_:".contains(c),
        }
        false
    });
    code.split_at(end.unwrap_or(code.len())).0
}

fn leaves(tree: &str, prefix: &str, found: &mut Vec<String>) {
    let Some((head, group)) = tree.split_once('{') else {
        let name = tree.split_whitespace().next().unwrap_or_default();
        return found.push(format!("{prefix}{name}"));
    };
    let mut depth = 0_usize;
    let parts = group.trim_end().trim_end_matches('}').split(|c: char| {
        match c {
            '{' => depth += 1,
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        c == ',' && depth == 0
    });
    let prefix = format!("{prefix}{}", head.trim());
    parts
        .filter(|part| !part.trim().is_empty())
        .for_each(|part| leaves(part.trim(), &prefix, found));
}

fn from_root(path: &str, module: &str) -> String {
    let mut parts: Vec<&str> = module.split("::").filter(|part| !part.is_empty()).collect();
    for part in path.split("::") {
        match part {
            "crate" => parts.clear(),
            "self" => {}
            "super" => drop(parts.pop()),
            name => parts.push(name),
        }
    }
    parts.join("::")
}
