//! Which crate may depend on which: the picture in ARCHITECTURE.md as a table.

/// The crates of ours that each crate may depend on, unless it is a vendor's. Dev-dependencies are
/// free, except that token-sim has none of ours: it is a second, independent reading of each
/// vendor's documents.
const ALLOWED: [(&str, &[&str]); 16] = [
    ("token-core", &[]),
    ("token-cache", &["token-core"]),
    ("token-file", &["token-core", "token-sealing"]),
    ("token-reqwest", &["token-core"]),
    ("token-tower", &["token-core"]),
    ("token-redis", &["token-core", "token-sealing"]),
    ("token-postgres", &["token-core", "token-sealing"]),
    ("token-sealing", &["token-core"]),
    ("token-sim", &[]),
    ("token-testkit", &["token-core"]),
    ("local-servers", &[]),
    ("api-snapshots", &[]),
    ("fuzzing", &["*"]),
    ("trials", &["any"]),
    ("vendor-auth", &["*"]),
    ("vendor-auth-cli", &["vendor-auth"]),
];

/// Returns whether a crate is a vendor's: those that the table does not list are.
pub(crate) fn is_vendor(name: &str) -> bool {
    ALLOWED.iter().all(|(listed, _)| *listed != name)
}

/// Returns whether `name` may depend on `sibling`.
pub(crate) fn may_depend_on(name: &str, sibling: &str) -> bool {
    let allowed = ALLOWED.iter().find(|(listed, _)| *listed == name);
    match allowed.map_or(&["token-core"] as &[&str], |(_, allowed)| allowed) {
        ["any"] => true,
        ["*"] => !["token-sim", "vendor-auth-cli"].contains(&sibling),
        listed => listed.contains(&sibling),
    }
}
