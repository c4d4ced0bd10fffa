//! Packages that a crate brings into a program, and how long they take to build.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::{Effort, label};
use crate::peer::{Entry, Error};
use crate::peers;
use crate::report::{Cell, Row, Table};

pub fn measure(effort: Effort, folder: &Path) -> Result<Table, Error> {
    let mut rows = Vec::new();
    let peers = peers::real().into_iter().map(Dependent::of);
    for dependent in [Dependent::on_hyper()].into_iter().chain(peers) {
        let program = Program::write(&dependent, folder)?;
        let packages = Cell::Number(program.packages()? as f64, 0);
        let time = if effort.quick {
            Cell::none()
        } else {
            program.build()?
        };
        rows.push(Row {
            label: dependent.label,
            cells: vec![packages, time],
        });
    }
    Ok(Table {
        title: "Packages and build time",
        note: "A program with nothing but this crate, and what its users need beside it, with the \
            locked versions: packages of the normal tree, and seconds of a release build from \
            nothing, downloads not counted. `token-cache` is without its feature `pool`, which no \
            other has."
            .to_owned(),
        columns: vec!["", "packages", "build, s"],
        rows,
    })
}

/// What a program depends on.
struct Dependent {
    label: String,
    folder: String,
    /// The keys in `Cargo.toml`.
    dependencies: &'static [&'static str],
}

impl Dependent {
    fn of(entry: Entry) -> Self {
        Self {
            label: label(&entry),
            folder: entry.about.name.replace(' ', "-"),
            dependencies: entry.about.dependencies,
        }
    }

    fn on_hyper() -> Self {
        Self {
            label: "**token-cache**, `HyperClient`".to_owned(),
            folder: "token-cache-hyper".to_owned(),
            dependencies: &["oauth2-refresh", "token-cache", "token-hyper"],
        }
    }
}

/// An empty program that depends on a crate.
struct Program<'a>(std::path::PathBuf, &'a str);

impl<'a> Program<'a> {
    fn write(dependent: &Dependent, folder: &'a Path) -> Result<Self, Error> {
        let program = folder.join(&dependent.folder);
        fs::create_dir_all(program.join("src"))?;
        fs::write(program.join("src/main.rs"), "fn main() {}\n")?;
        fs::write(program.join("Cargo.lock"), include_str!("../../Cargo.lock"))?;
        fs::write(
            program.join("Cargo.toml"),
            manifest(dependent.dependencies)?,
        )?;
        Ok(Self(program, "target"))
    }

    fn cargo(&self, arguments: &[&str]) -> Result<String, Error> {
        let mut cargo = Command::new("cargo");
        cargo.args(arguments).current_dir(&self.0);
        let output = cargo
            .env("CARGO_TARGET_DIR", self.0.join(self.1))
            .output()?;
        match output.status.success() {
            true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
            false => Err(String::from_utf8_lossy(&output.stderr).into()),
        }
    }

    /// Counts the packages beside the program itself.
    fn packages(&self) -> Result<usize, Error> {
        let tree = self.cargo(&[
            "tree",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--no-dedupe",
        ])?;
        let packages = tree.lines().filter(|line| !line.is_empty());
        Ok(packages.collect::<BTreeSet<_>>().len() - 1)
    }

    fn build(&self) -> Result<Cell, Error> {
        let target = self.0.join(self.1);
        let began = Instant::now();
        self.cargo(&["build", "--release", "--quiet"])?;
        let time = began.elapsed().as_secs_f64();
        fs::remove_dir_all(target)?;
        Ok(Cell::Number(time, 0))
    }
}

/// Takes the lines of our own manifest, so that features are the same, but for those that a
/// program with one token and one client does not need.
fn manifest(dependencies: &[&str]) -> Result<String, Error> {
    let own: toml::Table = include_str!("../../Cargo.toml").parse()?;
    let all = own["dependencies"].as_table().ok_or("no dependencies")?;
    let mut chosen = toml::Table::new();
    for name in dependencies {
        let mut dependency = all.get(*name).ok_or_else(|| format!("no {name}"))?.clone();
        make_absolute(&mut dependency)?;
        leave_out(&mut dependency, "pool");
        if dependencies.contains(&"token-hyper") {
            leave_out(&mut dependency, "client"); // an endpoint's, which brings reqwest
        }
        chosen.insert((*name).to_owned(), dependency);
    }
    let dependencies = toml::Table::from_iter([("dependencies".to_owned(), chosen.into())]);
    let package = "[package]\nname = \"program\"\nversion = \"0.0.0\"\nedition = \"2024\"\n";
    Ok(format!("[workspace]\n\n{package}\n{dependencies}"))
}

fn leave_out(dependency: &mut toml::Value, unwanted: &str) {
    let features = dependency.get_mut("features");
    if let Some(features) = features.and_then(toml::Value::as_array_mut) {
        features.retain(|feature| feature.as_str() != Some(unwanted));
    }
}

fn make_absolute(dependency: &mut toml::Value) -> Result<(), Error> {
    let Some(path) = dependency.get_mut("path") else {
        return Ok(());
    };
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let absolute = own.join(path.as_str().ok_or("no path")?).canonicalize()?;
    *path = absolute.to_string_lossy().into_owned().into();
    Ok(())
}
