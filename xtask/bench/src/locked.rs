//! Versions, from the lock file.

/// Returns the locked version of a package. Where there are several, it is the newest.
pub fn version(package: &str) -> Option<&'static str> {
    let name = format!("name = \"{package}\"\n");
    let lock = include_str!("../Cargo.lock");
    let blocks = lock
        .split("[[package]]\n")
        .filter(|block| block.starts_with(&name));
    let version = blocks.last()?.split("version = \"").nth(1)?;
    version.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::version;

    #[test]
    fn the_version_is_that_of_the_package_and_not_of_one_that_begins_like_it() {
        assert_eq!(version("oauth2"), Some("5.0.0"));
        assert_eq!(version("oauth"), None);
    }
}
