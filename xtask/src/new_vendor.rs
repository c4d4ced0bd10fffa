//! A new vendor: a crate of its own, and four shared lines.

mod check;
mod names;
mod template;

use anyhow::{Result, ensure};

pub(crate) use self::check::check;
use self::names::Names;
use crate::command::{cargo, read};
use crate::workspace::Workspace;

/// Writes the crate and prints the shared lines.
///
/// # Errors
///
/// If the name is not a crate's name or is taken, or a file cannot be written.
pub(crate) fn run(workspace: &Workspace, name: &str) -> Result<()> {
    let lines = write(workspace, name)?;
    println!("crates/{name} is written. Now add four shared lines:");
    for line in lines {
        println!(
            "\n{}, after `{}`:\n  {}",
            line.file,
            line.after.trim_end(),
            line.text.trim_end()
        );
    }
    println!("\nThen run `cargo test -p {name}`, and read \"Add a vendor\" in CONTRIBUTING.md.");
    Ok(())
}

/// Text that names the vendor in a file of all vendors.
#[derive(Debug)]
struct SharedLine {
    file: &'static str,
    /// The text that it comes after.
    after: &'static str,
    text: String,
}

/// Writes the crate and returns the shared lines.
fn write(workspace: &Workspace, name: &str) -> Result<[SharedLine; 4]> {
    let names = Names::of(name)?;
    let folder = workspace.path("crates").join(name);
    ensure!(!folder.exists(), "crates/{name} exists already");
    template::write(workspace, &names, &folder)?;
    read(&mut cargo(workspace, &["fmt", "--package", name]))?;
    Ok(shared_lines(&names))
}

fn shared_lines(names: &Names) -> [SharedLine; 4] {
    let Names {
        package,
        feature,
        module,
        type_name,
        ..
    } = names;
    let manifest = "crates/vendor-auth/Cargo.toml";
    let dependency = format!(
        "{feature} = {{ package = \"{package}\", path = \"../{package}\", version = \"0.1.0\", default-features = false, optional = true }}\n"
    );
    let row = format!("| [`{package}`](crates/{package}) | {type_name} |\n");
    [
        SharedLine {
            file: manifest,
            after: "which is the feature too.\n",
            text: dependency,
        },
        SharedLine {
            file: manifest,
            after: "full = [",
            text: format!("\"{feature}\", "),
        },
        SharedLine {
            file: "crates/vendor-auth/src/lib.rs",
            after: "vendors! {\n",
            text: format!("    \"{feature}\": {module};\n"),
        },
        SharedLine {
            file: "README.md",
            after: "| crate | you need it if |\n|---|---|\n",
            text: row,
        },
    ]
}
