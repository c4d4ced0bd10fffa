//! The lines outside its own crate that name a vendor.

use super::names::Names;

/// A place where each vendor has a line.
pub(super) struct Place {
    pub(super) file: &'static str,
    /// Whether this line is the one of that vendor.
    pub(super) is_line_of: fn(&str, &Names) -> bool,
    /// The neighbour's line, written for the new vendor.
    pub(super) written_for: fn(&str, &Names, &Names) -> String,
    pub(super) way: Way,
}

/// Whether the new vendor gets a line of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A line beside the neighbour's.
    Beside,
    /// The neighbour's line, which names all.
    Within,
}

pub(super) const FACADE: &str = "crates/vendor-auth/Cargo.toml";

/// A place where the neighbour has no line needs none of the new vendor either.
pub(super) const PLACES: [Place; 6] = [
    Place {
        file: "Cargo.toml",
        is_line_of: is_dependency,
        written_for: renamed_setting,
        way: Way::Beside,
    },
    Place {
        file: FACADE,
        is_line_of: is_dependency,
        written_for: renamed_setting,
        way: Way::Beside,
    },
    Place {
        file: FACADE,
        is_line_of: is_feature,
        written_for: renamed_setting,
        way: Way::Beside,
    },
    Place {
        file: FACADE,
        is_line_of: is_in_full,
        written_for: added_to_list,
        way: Way::Within,
    },
    Place {
        file: "crates/vendor-auth/src/lib.rs",
        is_line_of: is_re_export,
        written_for: renamed,
        way: Way::Beside,
    },
    Place {
        file: "README.md",
        is_line_of: is_row,
        written_for: new_row,
        way: Way::Beside,
    },
];

fn is_dependency(line: &str, vendor: &Names) -> bool {
    let (package, feature) = (&vendor.package, &vendor.feature);
    let by_feature = line.starts_with(&format!("{feature} = {{"))
        && line.contains(&format!("package = \"{package}\""));
    by_feature
        || line.starts_with(&format!("{package} = "))
        || line.starts_with(&format!("{package}.workspace"))
}

fn is_feature(line: &str, vendor: &Names) -> bool {
    line.starts_with(&format!("{} = [", vendor.feature))
}

fn is_in_full(line: &str, vendor: &Names) -> bool {
    line.starts_with("full = [") && line.contains(&format!("\"{}\"", vendor.feature))
}

fn is_re_export(line: &str, vendor: &Names) -> bool {
    let words: Vec<&str> = line
        .split(|c: char| !c.is_alphanumeric() && c != '_')
        .collect();
    let names_it = words.contains(&vendor.package_ident().as_str())
        || words.contains(&vendor.module().as_str());
    names_it && line.trim_end().ends_with(';') && !line.trim_start().starts_with("//")
}

fn is_row(line: &str, vendor: &Names) -> bool {
    line.starts_with('|') && line.contains(&vendor.package)
}

/// Every name of the neighbour replaced, by way of marks, so that a name within a name is not
/// replaced twice.
fn renamed(line: &str, neighbour: &Names, new: &Names) -> String {
    let marked = line
        .replace(&neighbour.package, "\u{1}")
        .replace(&neighbour.package_ident(), "\u{2}")
        .replace(&neighbour.feature, "\u{3}")
        .replace(&neighbour.module(), "\u{4}");
    marked
        .replace('\u{1}', &new.package)
        .replace('\u{2}', &new.package_ident())
        .replace('\u{3}', &new.feature)
        .replace('\u{4}', &new.module())
}

/// Without the comment, which is about the neighbour.
fn renamed_setting(line: &str, neighbour: &Names, new: &Names) -> String {
    let setting = line.split_once(" #").map_or(line, |(setting, _)| setting);
    renamed(setting.trim_end(), neighbour, new)
}

fn added_to_list(line: &str, neighbour: &Names, new: &Names) -> String {
    let (theirs, ours) = (
        format!("\"{}\"", neighbour.feature),
        format!("\"{}\"", new.feature),
    );
    let pair = if new.package < neighbour.package {
        format!("{ours}, {theirs}")
    } else {
        format!("{theirs}, {ours}")
    };
    line.replace(&theirs, &pair)
}

/// What more there is to say is for a person to say; only the names are known.
fn new_row(line: &str, neighbour: &Names, new: &Names) -> String {
    let cells = line.trim().trim_matches('|').split('|');
    let cells = cells.enumerate().map(|(index, cell)| match index {
        _ if cell.contains(&neighbour.package) => format!("[`{0}`](crates/{0})", new.package),
        _ if cell.contains(&format!("`{}`", neighbour.feature)) => format!("`{}`", new.feature),
        0 => new.type_name(),
        _ => format!("{}, as pure functions", new.type_name()),
    });
    format!("| {} |", cells.collect::<Vec<_>>().join(" | "))
}
