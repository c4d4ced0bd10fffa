//! The shared lines: each is written like that of the vendor beside it, in the order of the crates'
//! names.

use std::collections::BTreeMap;
use std::ops::Range;

use anyhow::{Context as _, Result, bail};

use super::names::Names;
use super::places::{FACADE, PLACES, Place, Way};
use crate::house;
use crate::workspace::Workspace;

/// One line that is new or changed.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Edit {
    pub(super) file: &'static str,
    pub(super) line: usize,
    pub(super) text: String,
}

/// Everything that changes outside the new crate.
#[derive(Debug, Default)]
pub(super) struct Changed {
    pub(super) edits: Vec<Edit>,
    pub(super) files: BTreeMap<&'static str, String>,
}

pub(super) fn changed(workspace: &Workspace, new: &Names) -> Result<Changed> {
    let files: Result<BTreeMap<&'static str, String>> = PLACES
        .iter()
        .map(|place| Ok((place.file, workspace.read(place.file)?)))
        .collect();
    let is_ours = |package: &str| workspace.has_crate(package);
    change_all(files?, new, is_ours)
}

fn change_all(
    mut files: BTreeMap<&'static str, String>,
    new: &Names,
    is_ours: impl Fn(&str) -> bool,
) -> Result<Changed> {
    let facade = files
        .get(FACADE)
        .with_context(|| format!("{FACADE} is not there"))?;
    let vendors = vendors_of(facade, is_ours)?;
    let mut edits = Vec::new();
    for place in &PLACES {
        if let Some(text) = files.get_mut(place.file) {
            edits.extend(change(text, place, &vendors, new));
        }
    }
    check_facade(files.get(FACADE).map_or("", String::as_str), new)?;
    Ok(Changed { edits, files })
}

/// The vendors that the facade has, by the names of their crates.
fn vendors_of(facade: &str, is_ours: impl Fn(&str) -> bool) -> Result<Vec<Names>> {
    let manifest: toml::Table = facade
        .parse()
        .with_context(|| format!("{FACADE} is no TOML"))?;
    let dependencies = manifest.get("dependencies").and_then(toml::Value::as_table);
    let mut vendors: Vec<Names> = dependencies
        .context("the facade has no dependency")?
        .iter()
        .map(|(key, value)| {
            (
                key,
                value
                    .get("package")
                    .and_then(toml::Value::as_str)
                    .unwrap_or(key),
            )
        })
        .filter(|(_, package)| house::is_vendor(package) && is_ours(package))
        .map(|(key, package)| Names {
            package: package.to_owned(),
            feature: feature_of(&manifest, key),
        })
        .collect();
    vendors.sort_by(|a, b| a.package.cmp(&b.package));
    Ok(vendors)
}

/// The feature that brings a dependency; one that none names is a feature by its own name.
fn feature_of(manifest: &toml::Table, dependency: &str) -> String {
    let wanted = format!("dep:{dependency}");
    let names_it = |list: &toml::Value| {
        list.as_array()
            .is_some_and(|list| list.iter().any(|item| item.as_str() == Some(&wanted)))
    };
    let features = manifest
        .get("features")
        .and_then(toml::Value::as_table)
        .into_iter()
        .flatten();
    let mut bringing =
        features.filter(|(name, list)| *name != "full" && *name != "default" && names_it(list));
    bringing
        .next()
        .map_or_else(|| dependency.to_owned(), |(name, _)| name.clone())
}

/// Writes the new vendor's lines beside those of its neighbour in the alphabet.
fn change(text: &mut String, place: &Place, vendors: &[Names], new: &Names) -> Vec<Edit> {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let Some((block, neighbour)) = neighbour_of(&lines, place, vendors, new) else {
        return Vec::new();
    };
    let theirs = lines.get(block.clone()).unwrap_or_default();
    let ours: Vec<String> = theirs
        .iter()
        .map(|line| (place.written_for)(line, neighbour, new))
        .collect();
    let replaced = match place.way {
        Way::Within => block,
        Way::Beside if neighbour.package < new.package => block.end..block.end,
        Way::Beside => block.start..block.start,
    };
    let first = replaced.start + 1;
    lines.splice(replaced, ours.clone());
    *text = lines.join("\n") + "\n";
    ours.into_iter()
        .enumerate()
        .map(|(index, text)| Edit {
            file: place.file,
            line: first + index,
            text,
        })
        .collect()
}

/// The lines of the last vendor before the new one, or of the first after it.
fn neighbour_of<'a>(
    lines: &[String],
    place: &Place,
    vendors: &'a [Names],
    new: &Names,
) -> Option<(Range<usize>, &'a Names)> {
    let (before, after): (Vec<_>, Vec<_>) = vendors
        .iter()
        .partition(|vendor| vendor.package < new.package);
    let nearest_first = before.into_iter().rev().chain(after);
    nearest_first
        .filter_map(|vendor| Some((block_of(lines, place, vendor)?, vendor)))
        .next()
}

/// A vendor's line with the attributes above it.
fn block_of(lines: &[String], place: &Place, vendor: &Names) -> Option<Range<usize>> {
    let index = lines
        .iter()
        .position(|line| (place.is_line_of)(line, vendor))?;
    let attributes = lines
        .iter()
        .take(index)
        .rev()
        .take_while(|line| line.trim_start().starts_with("#["));
    Some(index - attributes.count()..index + 1)
}

fn check_facade(facade: &str, new: &Names) -> Result<()> {
    let manifest: toml::Table = facade
        .parse()
        .with_context(|| format!("{FACADE} would be no TOML"))?;
    let full = manifest
        .get("features")
        .and_then(|features| features.get("full"))
        .and_then(toml::Value::as_array);
    let is_in_full =
        full.is_some_and(|full| full.iter().any(|item| item.as_str() == Some(&new.feature)));
    if !is_in_full {
        bail!(
            "{FACADE}: write `full = […]` on one line with the vendors that are there, so that `{}` finds its place",
            new.feature
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const README: &str = "# X\n\n| vendor | crate | feature | login |\n|---|---|---|---|\n\
        | Bolt | [`bolt-auth`](crates/bolt-auth) | `bolt` | yes |\n| Quectel | [`quectel-auth`](crates/quectel-auth) | `quectel` | yes |\n";

    fn names(package: &str) -> Names {
        Names::of(package).unwrap()
    }

    fn files(root: &str, facade: &str, lib: &str) -> BTreeMap<&'static str, String> {
        let texts = [root, facade, lib, README].map(str::to_owned);
        [
            "Cargo.toml",
            FACADE,
            "crates/vendor-auth/src/lib.rs",
            "README.md",
        ]
        .into_iter()
        .zip(texts)
        .collect()
    }

    /// One line is dependency and feature in one; the re-exports are one line each.
    fn lean() -> BTreeMap<&'static str, String> {
        let facade = "[features]\nfull = [\"bolt\", \"quectel\", \"reqwest\"]\n\n[dependencies]\n\
            bolt = { package = \"bolt-auth\", path = \"../bolt-auth\", version = \"0.1.0\", optional = true } # Bolt's\n\
            quectel = { package = \"quectel-auth\", path = \"../quectel-auth\", version = \"0.1.0\", optional = true }\n\
            serde.workspace = true\n";
        files(
            "[workspace]\n",
            facade,
            "vendors! {\n    \"bolt\": bolt;\n    \"quectel\": quectel;\n}\n",
        )
    }

    /// A dependency, a feature and a workspace dependency each, and attributes on lines of their
    /// own.
    fn wordy() -> BTreeMap<&'static str, String> {
        let root = "[workspace.dependencies]\nquectel-auth = { path = \"crates/quectel-auth\", version = \"0.1.0\" }\n";
        let facade = "[features]\nquectel = [\"dep:quectel-auth\"] # Quectel's\nfull = [\"quectel\"]\n\n\
            [dependencies]\nquectel-auth = { workspace = true, optional = true }\n";
        files(
            root,
            facade,
            "#[cfg(feature = \"quectel\")]\n#[doc(inline)]\npub use quectel_auth as quectel;\n",
        )
    }

    fn changed(files: BTreeMap<&'static str, String>, package: &str) -> Changed {
        change_all(files, &names(package), |name| name.ends_with("-auth")).unwrap()
    }

    #[test]
    fn a_vendor_of_a_lean_facade_takes_four_lines() {
        let changed = changed(lean(), "corp-auth");
        let texts: Vec<_> = changed.edits.iter().map(|edit| edit.text.trim()).collect();
        let expected = [
            "corp = { package = \"corp-auth\", path = \"../corp-auth\", version = \"0.1.0\", optional = true }",
            "full = [\"bolt\", \"corp\", \"quectel\", \"reqwest\"]",
            "\"corp\": corp;",
            "| Corp | [`corp-auth`](crates/corp-auth) | `corp` | Corp, as pure functions |",
        ];
        assert_eq!(texts, expected);
    }

    #[test]
    fn lines_stay_in_the_order_of_the_crates_names() {
        for (package, line) in [("acme-auth", 5), ("corp-auth", 6), ("zeta-auth", 7)] {
            let changed = changed(lean(), package);
            assert_eq!(changed.edits[0].line, line, "{package}");
        }
    }

    #[test]
    fn nothing_but_the_new_lines_differs() {
        let before = lean();
        let after = changed(lean(), "corp-auth").files;
        for (file, text) in before {
            let added = after[file]
                .lines()
                .filter(|line| !text.lines().any(|old| old == *line))
                .count();
            let expected = if file == FACADE {
                2
            } else {
                usize::from(file != "Cargo.toml")
            };
            assert_eq!(added, expected, "{file}");
        }
    }

    #[test]
    fn another_facade_is_understood_and_all_its_lines_are_counted() {
        let changed = changed(wordy(), "zeta-auth");
        assert!(
            changed.files[FACADE]
                .contains("zeta = [\"dep:zeta-auth\"]\nfull = [\"quectel\", \"zeta\"]")
        );
        let lib = &changed.files["crates/vendor-auth/src/lib.rs"];
        assert!(
            lib.ends_with(
                "#[cfg(feature = \"zeta\")]\n#[doc(inline)]\npub use zeta_auth as zeta;\n"
            ),
            "{lib}"
        );
        assert_eq!(changed.edits.len(), 8);
    }

    #[test]
    fn a_facade_without_room_in_full_is_refused() {
        let mut files = lean();
        let facade = files[FACADE].replace("\"bolt\", \"quectel\", ", "");
        files.insert(FACADE, facade);
        let error =
            change_all(files, &names("corp-auth"), |name| name.ends_with("-auth")).unwrap_err();
        assert!(error.to_string().contains("finds its place"), "{error}");
    }
}
