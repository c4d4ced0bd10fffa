//! The crate itself: `lib · config · sign · wire · codes · endpoint`, papers, tests and cases of a
//! made-up vendor that holds.

use std::fs;

use anyhow::{Context as _, Result};

use super::names::Names;
use crate::workspace::Workspace;

macro_rules! template {
    ($file:literal) => {
        (
            $file,
            include_str!(concat!("../../templates/vendor/", $file, ".in")),
        )
    };
}

const FILES: [(&str, &str); 14] = [
    template!("Cargo.toml"),
    template!("README.md"),
    template!("CHANGELOG.md"),
    template!("src/lib.rs"),
    template!("src/config.rs"),
    template!("src/sign.rs"),
    template!("src/wire.rs"),
    template!("src/codes.rs"),
    template!("src/endpoint.rs"),
    template!("tests/conformance.rs"),
    template!("tests/data/login/case.json"),
    template!("tests/data/refresh/case.json"),
    template!("tests/data/wrong-secret/case.json"),
    template!("tests/data/dead-token/case.json"),
];

const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

pub(super) fn write(workspace: &Workspace, names: &Names) -> Result<()> {
    let folder = workspace.path("crates").join(&names.package);
    for (file, template) in FILES {
        let path = folder.join(file);
        let parent = path.parent().context("a file has a folder")?;
        fs::create_dir_all(parent)?;
        fs::write(&path, filled(template, names))?;
    }
    for licence in LICENCES {
        fs::copy(workspace.path(licence), folder.join(licence))?;
    }
    Ok(())
}

fn filled(template: &str, names: &Names) -> String {
    template
        .replace("{{crate}}", &names.package)
        .replace("{{ident}}", &names.package_ident())
        .replace("{{feature}}", &names.feature)
        .replace("{{Type}}", &names.type_name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_placeholder_is_left() {
        let names = Names::of("acme-auth").unwrap();
        for (file, template) in FILES {
            assert!(!filled(template, &names).contains("{{"), "{file}");
        }
    }
}
