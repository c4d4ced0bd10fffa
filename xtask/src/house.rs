//! Which crate is what, and who may depend on whom: the picture in ARCHITECTURE.md as a table.

/// What may be a dependency of a crate that is no vendor's, besides crates of others.
/// Dev-dependencies are free, except that token-sim has none of ours: it is a second, independent
/// reading of each vendor's documents.
const ROOMS: [(&str, &[&str]); 15] = [
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
    ("fuzzing", &["*"]),
    ("trials", &["*"]),
    ("vendor-auth", &["*"]),
    ("vendor-auth-cli", &["vendor-auth"]),
];

/// Whether a crate of ours is a vendor's: every crate is that has no room of its own.
pub(crate) fn is_vendor(name: &str) -> bool {
    ROOMS.iter().all(|(room, _)| *room != name)
}

/// Whether `name` may depend on `sibling`.
pub(crate) fn may_depend_on(name: &str, sibling: &str) -> bool {
    if name == "trials" {
        return true;
    }
    if is_vendor(name) {
        return sibling == "token-core";
    }
    let allowed = ROOMS
        .iter()
        .find(|(room, _)| *room == name)
        .map_or(&[] as &[&str], |(_, allowed)| allowed);
    match allowed {
        ["*"] => sibling != "token-sim" && sibling != "vendor-auth-cli",
        listed => listed.contains(&sibling),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_flows_one_way() {
        assert!(may_depend_on("quectel-auth", "token-core"));
        assert!(!may_depend_on("quectel-auth", "token-cache"));
        assert!(!may_depend_on("token-core", "quectel-auth"));
        assert!(!may_depend_on("token-sim", "token-core"));
        assert!(!may_depend_on("token-cache", "vendor-auth"));
        assert!(may_depend_on("vendor-auth", "quectel-auth"));
        assert!(!may_depend_on("vendor-auth", "token-sim"));
    }
}
