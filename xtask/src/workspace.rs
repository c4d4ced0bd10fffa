//! The workspace as cargo sees it, and the commands that are run in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// What git ignores, and git's own folder.
const NO_SOURCES: [&str; 3] = ["target", "node_modules", ".git"];

/// The workspace's folder.
#[derive(Debug, Clone)]
pub(crate) struct Workspace(PathBuf);

/// A package that is published.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) features: Vec<String>,
    pub(crate) is_library: bool,
}

impl Workspace {
    /// Returns the workspace that this program was built in.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        let root = Path::new(&manifest).parent();
        Ok(Self::at(root.context("xtask has no parent folder")?))
    }

    /// Returns the workspace in another folder.
    pub(crate) fn at(root: &Path) -> Self {
        Self(root.to_owned())
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.join(relative)
    }

    /// Returns a path in cargo's target folder, wherever that is.
    pub(crate) fn target(&self, relative: &str) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let target = metadata.pointer("/target_directory");
        let target = target.and_then(Value::as_str);
        Ok(Path::new(target.context("cargo has no target folder")?).join(relative))
    }

    /// Returns `cargo` with these arguments, which spaces separate.
    pub(crate) fn cargo(&self, arguments: &str) -> Command {
        self.program("cargo", arguments)
    }

    /// Returns any other program in the workspace.
    pub(crate) fn program(&self, name: &str, arguments: &str) -> Command {
        let mut command = Command::new(name);
        command.args(arguments.split_whitespace());
        command.current_dir(&self.0).stdin(Stdio::null());
        command
    }

    /// Returns the paths of all sources. It does not ask git, so that it works in a plain copy too.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        let mut folders = vec![self.0.clone()];
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder)? {
                let path = entry?.path();
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                if NO_SOURCES.contains(&&*name) {
                    continue;
                } else if path.is_dir() {
                    folders.push(path);
                } else {
                    let relative = path.strip_prefix(&self.0)?;
                    files.push(relative.to_string_lossy().into_owned());
                }
            }
        }
        Ok(files)
    }

    /// Copies all sources into another folder, which is emptied first.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder)?;
        }
        for file in self.files()? {
            let copy = folder.join(&file);
            std::fs::create_dir_all(copy.parent().context("a file without a folder")?)?;
            std::fs::copy(self.path(&file), copy)
                .with_context(|| format!("{file} cannot be copied"))?;
        }
        Ok(Self::at(folder))
    }

    /// Returns the text of a file.
    pub(crate) fn read(&self, relative: &str) -> Result<String> {
        std::fs::read_to_string(self.path(relative))
            .with_context(|| format!("{relative} cannot be read"))
    }

    /// Returns every package that is published. In cargo's metadata `publish = false` is an empty
    /// list of registries.
    pub(crate) fn published(&self) -> Result<Vec<Package>> {
        let metadata = self.metadata()?;
        let packages = metadata.pointer("/packages").and_then(Value::as_array);
        let packages = packages.context("cargo knows no packages")?;
        let published = packages.iter().filter(|it| it["publish"].is_null());
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let names = |value: &Value| {
            let object = value.as_object().into_iter().flatten();
            object.map(|(name, _)| name.clone()).collect()
        };
        let read = |package: &Value| Package {
            name: text(&package["name"]),
            version: text(&package["version"]),
            features: names(&package["features"]),
            is_library: package.pointer("/targets/0/kind/0") == Some(&"lib".into()),
        };
        Ok(published.map(read).collect())
    }

    fn metadata(&self) -> Result<Value> {
        let text = read(&mut self.cargo("metadata --format-version 1 --no-deps"))?;
        serde_json::from_str(&text).context("cargo's metadata is not JSON")
    }
}

impl Package {
    /// Returns the name of the folder that its package unpacks to.
    pub(crate) fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// Runs a command with its output on the terminal.
pub(crate) fn show(command: &mut Command) -> Result<()> {
    let line = line_of(command);
    println!("$ {line}");
    let status = command.status();
    let status = status.with_context(|| format!("`{line}` could not be started"))?;
    ensure!(status.success(), "`{line}` failed");
    Ok(())
}

/// Runs a command silently and returns its standard output. An error contains its output.
pub(crate) fn read(command: &mut Command) -> Result<String> {
    let line = line_of(command);
    let output = command.output();
    let output = output.with_context(|| format!("`{line}` could not be started"))?;
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "`{line}` failed:\n{stderr}{stdout}"
    );
    Ok(stdout.into_owned())
}

fn line_of(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let words: Vec<_> = words.map(|word| word.to_string_lossy()).collect();
    words.join(" ")
}
