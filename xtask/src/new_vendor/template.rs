//! The files of a new crate, from `xtask/templates/vendor`.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, ensure};

use super::names::Names;
use crate::workspace::Workspace;

const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

pub(super) fn write(workspace: &Workspace, names: &Names, folder: &Path) -> Result<()> {
    copy_filled(&workspace.path("xtask/templates/vendor"), folder, names)?;
    for licence in LICENCES {
        fs::copy(workspace.path(licence), folder.join(licence))?;
    }
    Ok(())
}

fn copy_filled(template: &Path, folder: &Path, names: &Names) -> Result<()> {
    fs::create_dir_all(folder)?;
    for entry in
        fs::read_dir(template).with_context(|| format!("{} cannot be read", template.display()))?
    {
        let entry = entry?.path();
        let name = entry.file_name().unwrap_or_default().to_string_lossy();
        if entry.is_dir() {
            copy_filled(&entry, &folder.join(&*name), names)?;
        } else {
            let text = filled(&fs::read_to_string(&entry)?, names);
            ensure!(
                !text.contains("{{"),
                "{} has a placeholder that is not known",
                entry.display()
            );
            fs::write(folder.join(name.trim_end_matches(".in")), text)?;
        }
    }
    Ok(())
}

fn filled(template: &str, names: &Names) -> String {
    template
        .replace("{{crate}}", &names.package)
        .replace("{{ident}}", &names.package_ident)
        .replace("{{feature}}", &names.feature)
        .replace("{{Type}}", &names.type_name)
}
