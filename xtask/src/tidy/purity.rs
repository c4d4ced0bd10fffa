//! Vendor crates: pure functions, one skeleton.

use super::Finding;
use super::tree::{Crate, Tree, code_lines, production};

/// Packages that do I/O, read a clock, make randomness or run tasks.
const IMPURE: [&str; 24] = [
    "async-std",
    "chrono",
    "curl",
    "fastrand",
    "futures",
    "getrandom",
    "hyper",
    "hyper-util",
    "isahc",
    "jiff",
    "mio",
    "rand",
    "reqwest",
    "ring",
    "rustix",
    "rustls",
    "serde_derive",
    "smol",
    "socket2",
    "surf",
    "time",
    "tracing",
    "ureq",
    "uuid",
];

const IMPURE_CALLS: [&str; 13] = [
    "SystemTime::now",
    "Instant::now",
    "std::env",
    "env::var",
    "std::fs",
    "std::net",
    "std::process",
    "std::thread",
    "std::io",
    "File::open",
    "TcpStream",
    "Mutex<",
    "static mut ",
];

const SKELETON: [&str; 4] = ["config.rs", "wire.rs", "codes.rs", "endpoint.rs"];

/// Who depends on one of these signs, and does so in `sign.rs`.
const DIGESTS: [&str; 4] = ["hmac", "md-5", "sha1", "sha2"];

pub(super) fn dependencies(tree: &Tree) -> Vec<Finding> {
    let vendors = tree.crates().filter(Crate::is_vendor);
    let found = vendors.flat_map(|vendor| {
        let impure = vendor
            .dependencies("dependencies")
            .into_iter()
            .map(|(name, _)| name)
            .filter(|name| is_impure(name));
        let complain = |name| {
            format!(
                "a vendor crate is pure: take `{name}` out; time and nonce come with the `Attempt`"
            )
        };
        impure
            .map(|name| Finding::new(vendor.manifest_path(), complain(name)))
            .collect::<Vec<_>>()
    });
    found.collect()
}

pub(super) fn sources(tree: &Tree) -> Vec<Finding> {
    let vendors: Vec<_> = tree.crates().filter(Crate::is_vendor).collect();
    let files = vendors.iter().flat_map(Crate::sources);
    files
        .flat_map(|(path, text)| impure_lines(path, text))
        .collect()
}

pub(super) fn skeleton(tree: &Tree) -> Vec<Finding> {
    let vendors: Vec<_> = tree.crates().filter(Crate::is_vendor).collect();
    let missing = vendors.iter().flat_map(|vendor| {
        let has = |file: &str| {
            vendor
                .sources()
                .any(|(path, _)| path.ends_with(&format!("/{file}")))
        };
        let signs = vendor
            .dependencies("dependencies")
            .iter()
            .any(|(name, _)| DIGESTS.contains(name));
        SKELETON
            .iter()
            .chain(signs.then_some(&"sign.rs"))
            .filter(move |file| !has(file))
            .map(|file| (vendor.name, file))
    });
    let complain =
        |file| format!("every vendor crate has `{file}`, so that who has read one has read all");
    missing
        .map(|(name, file)| Finding::new(format!("crates/{name}/src"), complain(file)))
        .collect()
}

fn is_impure(name: &str) -> bool {
    IMPURE.contains(&name) || name.starts_with("tokio") || name.starts_with("futures-")
}

fn impure_lines(path: &str, text: &str) -> Vec<Finding> {
    let lines = code_lines(production(path, text));
    let called = lines.filter_map(|(number, line)| {
        let call = IMPURE_CALLS.iter().find(|call| line.contains(*call))?;
        Some(Finding::at_line(
            path,
            number,
            format!("a vendor crate is pure: `{call}` belongs to the engine or the caller"),
        ))
    });
    called.collect()
}
