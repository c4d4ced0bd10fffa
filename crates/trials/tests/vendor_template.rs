//! The manifest of a vendor's crate outside of this workspace cannot inherit anything: it repeats
//! what the workspace says.

const ROOT: &str = include_str!("../../../Cargo.toml");
const TEMPLATE: &str = include_str!("../../../templates/vendor/Cargo.toml.liquid");

/// Returns what a line of a manifest that begins with `name` says.
fn line<'a>(manifest: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = manifest.lines();
    lines.find_map(|line| line.strip_prefix(name)?.trim().strip_prefix('='))
}

/// Returns the version of a dependency: the quoted text that begins with a digit.
fn version<'a>(manifest: &'a str, name: &str) -> Option<&'a str> {
    let mut quoted = line(manifest, name)?.split('"').skip(1).step_by(2);
    quoted.find(|text| text.starts_with(|c: char| c.is_ascii_digit()))
}

/// Returns the names of all dependencies.
fn dependencies(manifest: &str) -> Vec<&str> {
    let sections = manifest.split("\n[").filter_map(|section| {
        let (name, lines) = section.split_once("]\n")?;
        name.ends_with("dependencies").then_some(lines)
    });
    let lines = sections.flat_map(str::lines);
    lines
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect()
}

#[test]
fn the_template_requires_the_versions_that_the_workspace_does() {
    let names = dependencies(TEMPLATE);
    assert!(
        names.contains(&"token-core") && names.contains(&"tokio"),
        "{names:?}"
    );
    for name in names {
        let [ours, theirs] = [ROOT, TEMPLATE].map(|manifest| version(manifest, name).unwrap());
        let is_ours = name.starts_with("token-");
        // A minor version is as far as an incompatible change of a 0.x crate goes.
        let expected = if is_ours {
            ours.rsplit_once('.').unwrap().0
        } else {
            ours
        };
        assert_eq!(
            theirs, expected,
            "{name} in templates/vendor/Cargo.toml.liquid"
        );
    }
}

#[test]
fn the_template_has_the_edition_the_oldest_rust_and_the_licence_of_the_workspace() {
    for name in ["edition", "rust-version", "license"] {
        let [ours, theirs] = [ROOT, TEMPLATE].map(|manifest| {
            let quoted = line(manifest, name).and_then(|value| value.split('"').nth(1));
            quoted.unwrap().to_owned()
        });
        assert_eq!(theirs, ours, "{name} in templates/vendor/Cargo.toml.liquid");
    }
}
