//! Vendor crates: no I/O, one skeleton, cases with a source.

use super::crates::is_vendor;
use super::tree::{Crate, Tree, code_lines, production};

/// Packages that do I/O, read a clock, make randomness or run tasks.
const IMPURE: &str = "async-std chrono curl fastrand futures getrandom hyper hyper-util isahc jiff \
    mio rand reqwest ring rustix rustls serde_derive smol socket2 surf time tokio tracing ureq uuid";

const IMPURE_CALLS: &str = "SystemTime::now Instant::now std::env env::var std::fs std::net \
    std::process std::thread std::io File::open TcpStream Mutex<";

const SKELETON: &str = "config.rs wire.rs codes.rs endpoint.rs";

/// A crate that depends on one of these signs, and does so in `sign.rs`.
const DIGESTS: [&str; 4] = ["hmac", "md-5", "sha1", "sha2"];

pub(super) fn dependencies(tree: &Tree) -> Vec<String> {
    let is_impure = |name: &str| {
        let family = name.split('-').next().unwrap_or_default();
        IMPURE.split(' ').any(|it| it == name || it == family)
    };
    of_each_vendor(tree, |vendor| {
        let names = vendor.dependencies("dependencies").into_iter();
        let impure = names.filter(|(name, _)| is_impure(name));
        let path = vendor.path("Cargo.toml");
        let advice = "time and nonce come with the `Attempt`";
        let found = impure.map(|(name, _)| format!("{path}: take `{name}` out: {advice}"));
        found.collect()
    })
}

pub(super) fn calls(tree: &Tree) -> Vec<String> {
    of_each_vendor(tree, |vendor| {
        let mut found = Vec::new();
        for (path, text) in vendor.sources() {
            for (number, line) in code_lines(production(path, text)) {
                if let Some(call) = IMPURE_CALLS.split(' ').find(|call| line.contains(call)) {
                    let advice = "belongs to the engine or the caller";
                    found.push(format!("{path}:{number}: `{call}` {advice}"));
                }
            }
        }
        found
    })
}

pub(super) fn skeleton(tree: &Tree) -> Vec<String> {
    of_each_vendor(tree, |vendor| {
        let names = vendor.dependencies("dependencies");
        let signs = names.iter().any(|(name, _)| DIGESTS.contains(name));
        let files = SKELETON.split(' ').chain(signs.then_some("sign.rs"));
        let has = |file: &str| vendor.sources().any(|(path, _)| path.ends_with(file));
        let missing = files.filter(|file| !has(&format!("/{file}")));
        let advice = "every vendor crate has this file";
        let found = missing.map(|file| format!("{}: {advice}", vendor.path(file)));
        found.collect()
    })
}

pub(super) fn cases(tree: &Tree) -> Vec<String> {
    let cases = tree.files();
    let cases = cases.filter(|(path, _)| path.contains("/tests/data/"));
    let cases = cases.filter(|(path, _)| path.ends_with(".json"));
    let source = |text| {
        let case: serde_json::Value = serde_json::from_str(text).ok()?;
        Some(case.get("source")?.as_str()?.to_owned())
    };
    let without = cases.filter(|(_, text)| source(text).is_none_or(|source| source.is_empty()));
    let advice = "write its `source`: which document, which page";
    let found = without.map(|(path, _)| format!("{path}: {advice}"));
    found.collect()
}

fn of_each_vendor(tree: &Tree, check: impl Fn(&Crate<'_>) -> Vec<String>) -> Vec<String> {
    let vendors: Vec<_> = tree.crates().filter(|ours| is_vendor(ours.name)).collect();
    vendors.iter().flat_map(check).collect()
}
