//! Each rule can fail: a made-up tree that keeps every rule, and one change for each that breaks
//! it.

use std::collections::BTreeSet;

use super::*;

const MANIFEST: &str = r#"
[package]
name = "acme-auth"
description = "Acme"
version = "0.1.0"
edition.workspace = true
rust-version.workspace = true
license.workspace = true
repository.workspace = true
authors.workspace = true
readme = "README.md"
keywords = ["acme"]
categories = ["authentication"]

[package.metadata.docs.rs]
all-features = true

[dependencies]
sha2.workspace = true
token-core.workspace = true

[dev-dependencies]
token-sim = { path = "../token-sim" }

[lints]
workspace = true
"#;

const LIB: &str = "#![doc = include_str!(\"../README.md\")]\n";

const README: &str = "# A crate\n\n## Public dependencies (semver)\n\nNone.\n";

fn good_tree() -> Tree {
    let root = "[workspace.dependencies]\ntoken-core = { path = \"crates/token-core\", version = \"0.1.0\" }\n";
    let mut tree = Tree::default()
        .with("Cargo.toml", root)
        .with("LICENSE-MIT", "MIT")
        .with("LICENSE-APACHE", "Apache")
        .with("xtask/Cargo.toml", "[lints]\nworkspace = true\n")
        .with(
            "Cargo.lock",
            concat!(
                "source = \"registry+https://github.com/rust-lang/crates.io",
                "-index\"\n"
            ),
        )
        .with("package-lock.json", "{\"integrity\": \"sha512-x\"}")
        .with(
            "crates/acme-auth/tests/data/login/case.json",
            "{\"source\": \"Acme, page 7\"}",
        )
        .with("crates/acme-auth/tests/data/login/deeper/x.txt", "x");
    for name in ["acme-auth", "token-core", "token-sim"] {
        tree = crate_of(tree, name);
    }
    for file in ["config", "sign", "wire", "codes", "endpoint"] {
        tree = tree.with(
            &format!("crates/acme-auth/src/{file}.rs"),
            "//! Reads no clock: not `std::env`, ever.\n",
        );
    }
    tree
}

fn crate_of(tree: Tree, name: &str) -> Tree {
    let none = [
        "token-core.workspace = true",
        "token-sim = { path = \"../token-sim\" }",
    ];
    let own = MANIFEST.replace("acme-auth", name);
    let manifest = if name == "acme-auth" {
        own
    } else {
        own.replace(none[0], "").replace(none[1], "")
    };
    let at = |file: &str| format!("crates/{name}/{file}");
    tree.with(&at("Cargo.toml"), &manifest)
        .with(&at("src/lib.rs"), LIB)
        .with(&at("README.md"), README)
        .with(&at("CHANGELOG.md"), "# Changelog\n\n## Unreleased\n")
        .with(&at("LICENSE-MIT"), "MIT")
        .with(&at("LICENSE-APACHE"), "Apache")
}

/// The good tree with one text in one file replaced by another.
fn replaced(path: &str, from: &str, to: &str) -> Tree {
    let tree = good_tree();
    let text = tree.text(path).unwrap().replace(from, to);
    assert_ne!(tree.text(path), Some(text.as_str()), "{path} has no {from}");
    tree.with(path, &text)
}

/// The good tree with a file of the vendor crate that has this text.
fn with_source(text: &str) -> Tree {
    good_tree().with("crates/acme-auth/src/sign.rs", text)
}

fn with_test(text: &str) -> Tree {
    good_tree().with("crates/acme-auth/tests/sim.rs", text)
}

/// A list of faults, and a test of the first of them.
fn with_faults(rows: &str) -> Tree {
    let test = concat!("// FAULTS.md", " row 1\n#[test]\nfn kept() {}\n");
    good_tree()
        .with(
            "FAULTS.md",
            &format!("| # | fault | test |\n|---|---|---|\n{rows}"),
        )
        .with("crates/acme-auth/tests/sim.rs", test)
}

fn added_dependency(line: &str) -> Tree {
    replaced(
        "crates/acme-auth/Cargo.toml",
        "token-core.workspace = true",
        &format!("token-core.workspace = true\n{line}"),
    )
}

fn broken_rules(tree: &Tree) -> Vec<&'static str> {
    RULES
        .iter()
        .filter(|rule| !(rule.check)(tree).is_empty())
        .map(|rule| rule.name)
        .collect()
}

/// Each tree breaks the rule beside it and no other.
fn breakages() -> Vec<(&'static str, Tree)> {
    let manifest = "crates/acme-auth/Cargo.toml";
    let io = "1: vendor crates do no I/O and read no clock";
    let pure = "1: vendor crates depend on nothing that does I/O";
    let sleeps = "no test sleeps";
    let papers = "each crate has its papers";
    let metadata = "metadata is complete";
    let hosts = "no registry's hosts";
    vec![
        (pure, added_dependency("tokio.workspace = true")),
        (
            pure,
            added_dependency("clock = { package = \"chrono\", workspace = true }"),
        ),
        (
            pure,
            added_dependency("\n[target.'cfg(unix)'.dependencies]\nreqwest.workspace = true"),
        ),
        (
            io,
            with_source("fn now() -> SystemTime { SystemTime::now() }\n"),
        ),
        (
            io,
            with_source("use std::fs;\n#[cfg(test)]\nmod tests {}\n"),
        ),
        (
            "1: vendor crates have one skeleton",
            good_tree().without("crates/acme-auth/src/sign.rs"),
        ),
        (
            "1: vendor crates have one skeleton",
            good_tree().without("crates/acme-auth/src/codes.rs"),
        ),
        (
            "data flows one way",
            added_dependency("token-sim.workspace = true"),
        ),
        (
            "data flows one way",
            replaced(
                "crates/token-sim/Cargo.toml",
                "[dependencies]",
                "[dependencies]\ntoken-core.workspace = true",
            ),
        ),
        (
            "data flows one way",
            replaced(
                "crates/token-sim/Cargo.toml",
                "[dev-dependencies]",
                "[dev-dependencies]\nacme-auth = { path = \"../acme-auth\" }",
            ),
        ),
        (
            "siblings are dev-dependencies by path alone",
            replaced(
                manifest,
                "{ path = \"../token-sim\" }",
                "{ workspace = true }",
            ),
        ),
        (
            "7: the one lint table holds everywhere",
            replaced(manifest, "[lints]\nworkspace = true", ""),
        ),
        (
            "7: no unsafe code",
            with_source("fn f() { unsafe { g() } }\n"),
        ),
        (
            "9: public dependencies are on a list",
            replaced(
                "crates/acme-auth/README.md",
                "## Public dependencies (semver)",
                "",
            ),
        ),
        (
            "READMEs are plain Markdown",
            replaced("crates/acme-auth/README.md", "None.", "None, see [`A`]."),
        ),
        (metadata, replaced(manifest, "keywords = [\"acme\"]", "")),
        (
            metadata,
            replaced(
                manifest,
                "rust-version.workspace = true",
                "rust-version = \"1.80\"",
            ),
        ),
        (
            metadata,
            replaced(manifest, "all-features = true", "all-features = false"),
        ),
        (
            "versions are in one place",
            added_dependency("base64 = \"0.22\""),
        ),
        (
            "versions are in one place",
            added_dependency("base64 = { version = \"0.11\", default-features = false }"),
        ),
        (
            "versions are in one place",
            replaced(
                "crates/token-core/Cargo.toml",
                "version = \"0.1.0\"",
                "version = \"0.2.0\"",
            ),
        ),
        (papers, good_tree().without("crates/acme-auth/LICENSE-MIT")),
        (
            papers,
            replaced("crates/acme-auth/LICENSE-APACHE", "Apache", "BSD"),
        ),
        (
            papers,
            replaced("crates/acme-auth/src/lib.rs", "#![doc", "// #![no"),
        ),
        (
            papers,
            replaced("crates/acme-auth/CHANGELOG.md", "## Unreleased", ""),
        ),
        (
            "files are named for what is in them",
            good_tree().with("crates/token-core/src/utils.rs", ""),
        ),
        (
            "files are named for what is in them",
            good_tree().with("crates/token-core/src/common/mod.rs", ""),
        ),
        ("files are short", with_source(&"fn f() {}\n".repeat(401))),
        (
            "nothing is left to do",
            with_source(concat!("// TO", "DO: sign\n")),
        ),
        (
            "no test is ignored",
            with_test(concat!("#[test]\n#[ign", "ore = \"slow\"]\nfn t() {}\n")),
        ),
        (
            sleeps,
            with_test("#[tokio::test]\nasync fn t() { tokio::time::sleep(d).await; }\n"),
        ),
        (
            sleeps,
            with_source(
                "fn f() {}\n\n#[cfg(test)]\nmod tests {\n    fn t() { std::thread::sleep(d) }\n}\n",
            ),
        ),
        (
            sleeps,
            with_test("// tidy: sleeps because \nfn t() { sleep(d) }\n"),
        ),
        (
            "every fault has a test",
            with_faults("| 1 | lost | `kept` |\n| 2 | late | `kept` |\n"),
        ),
        (
            "every row of FAULTS.md names a test that is there",
            with_faults("| 1 | lost | `kept_for_ever` |\n"),
        ),
        (
            "vectors have a source",
            replaced(
                "crates/acme-auth/tests/data/login/case.json",
                "Acme, page 7",
                "",
            ),
        ),
        (
            "vectors have a source",
            good_tree().with("crates/acme-auth/tests/data/refresh/case.json", "{}"),
        ),
        (
            "no machine's paths",
            good_tree().with("README.md", concat!("see /ho", "me/me/notes\n")),
        ),
        (
            hosts,
            good_tree().with(".npmrc", concat!("https://registry.", "npmjs.org\n")),
        ),
        (
            hosts,
            replaced("package-lock.json", "integrity", "resolved"),
        ),
    ]
}

#[test]
fn a_tree_that_keeps_every_rule_is_left_in_peace() {
    assert_eq!(broken_rules(&good_tree()), [] as [&str; 0]);
}

#[test]
fn each_breakage_is_found_by_its_rule_and_no_other() {
    for (index, (rule, tree)) in breakages().into_iter().enumerate() {
        assert_eq!(broken_rules(&tree), [rule], "breakage {index}");
    }
}

#[test]
fn every_rule_has_a_breakage() {
    let broken: BTreeSet<_> = breakages().into_iter().map(|(rule, _)| rule).collect();
    assert_eq!(broken, RULES.iter().map(|rule| rule.name).collect());
}

#[test]
fn what_only_looks_like_a_breakage_is_let_be() {
    let good = [
        with_source("//! Not `SystemTime::now`.\n#[cfg(test)]\nmod tests {\n    use std::fs;\n}\n"),
        with_test(
            "#[tokio::test(start_paused = true)]\nasync fn t() { tokio::time::sleep(d).await; }\n",
        ),
        with_test(
            "fn t() {\n    // tidy: sleeps because the kernel has no clock to move\n    sleep(d);\n}\n",
        ),
        good_tree().with("README.md", concat!("https://example.com/ho", "me/page\n")),
        with_source(&format!(
            "fn f() {{}}\n\n#[cfg(test)]\nmod tests {{\n{}}}\n",
            "// x\n".repeat(500)
        )),
    ];
    for (index, tree) in good.iter().enumerate() {
        assert_eq!(broken_rules(tree), [] as [&str; 0], "tree {index}");
    }
}

#[test]
fn a_finding_says_where_and_what_to_do() {
    let tree = with_source("fn f() {}\nfn now() { SystemTime::now(); }\n");
    let found = purity::sources(&tree);
    assert_eq!(found[0].file, "crates/acme-auth/src/sign.rs:2");
    assert!(
        found[0].what.contains("belongs to the engine"),
        "{}",
        found[0].what
    );
}
