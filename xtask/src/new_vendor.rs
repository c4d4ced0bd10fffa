//! A new vendor: a crate of its own, and four shared lines.

mod check;
mod template;

use anyhow::Result;

pub(crate) use self::check::check;
pub(crate) use self::template::Template;
use crate::workspace::Workspace;

/// Writes the crate and prints the shared lines.
pub(crate) fn run(workspace: &Workspace, name: &str) -> Result<()> {
    let template = Template::of(name)?;
    template.write(workspace)?;
    println!("crates/{name} is written. Now add four shared lines:");
    for [file, after, text] in template.shared_lines(workspace)? {
        println!(
            "\n{file}, after `{}`:\n  {}",
            after.trim_end(),
            text.trim_end()
        );
    }
    println!("\nThen run `cargo test -p {name}`, and read \"Add a vendor\" in CONTRIBUTING.md.");
    Ok(())
}
