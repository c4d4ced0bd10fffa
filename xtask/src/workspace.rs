//! The workspace as cargo sees it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::command::{self, cargo, program};

/// Where the workspace is.
#[derive(Debug, Clone)]
pub(crate) struct Workspace {
    root: PathBuf,
}

/// A package of ours.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    /// Its name.
    pub(crate) name: String,
    /// Its version.
    pub(crate) version: String,
    /// Its features, sorted.
    pub(crate) features: Vec<String>,
}

impl Workspace {
    /// The workspace that this program was built in, or that it was told to look at by the folder
    /// it is started in.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        let root = Path::new(&manifest)
            .parent()
            .context("xtask has no parent folder")?;
        Ok(Self::at(root))
    }

    /// A workspace in another folder.
    pub(crate) fn at(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
        }
    }

    /// Its folder.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A file or folder in it.
    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// A folder or file in cargo's target folder, wherever that is.
    pub(crate) fn target(&self, relative: &str) -> Result<PathBuf> {
        let metadata = self.metadata(&["--no-deps"])?;
        let target = metadata.get("target_directory").and_then(Value::as_str);
        Ok(Path::new(target.context("cargo has no target folder")?).join(relative))
    }

    /// Whether a crate of ours is there yet.
    pub(crate) fn has_crate(&self, name: &str) -> bool {
        self.path("crates").join(name).join("Cargo.toml").is_file()
    }

    /// The paths of the files that are committed or could be.
    pub(crate) fn files(&self) -> Result<Vec<String>> {
        if !self.path(".git").exists() {
            let mut found = Vec::new();
            walk(&self.root, &self.root, &mut found)?;
            return Ok(found);
        }
        let arguments = [
            "ls-files",
            "-z",
            "--cached",
            "--others",
            "--exclude-standard",
        ];
        let listed = command::read(&mut program(self, "git", &arguments))?;
        Ok(listed.split_terminator('\0').map(str::to_owned).collect())
    }

    /// The text of a file in it.
    pub(crate) fn read(&self, relative: &str) -> Result<String> {
        std::fs::read_to_string(self.path(relative))
            .with_context(|| format!("{relative} cannot be read"))
    }

    /// What `cargo metadata` says.
    pub(crate) fn metadata(&self, arguments: &[&str]) -> Result<Value> {
        let all = [&["metadata", "--format-version", "1"], arguments].concat();
        let text = command::read(&mut cargo(self, &all))?;
        serde_json::from_str(&text).context("cargo's metadata is no JSON")
    }

    /// Every package that is published, sorted by name.
    pub(crate) fn published(&self) -> Result<Vec<Package>> {
        let metadata = self.metadata(&["--no-deps"])?;
        let packages = metadata
            .get("packages")
            .and_then(Value::as_array)
            .context("no packages")?;
        let mut published: Vec<Package> = packages
            .iter()
            .filter(|package| is_published(package))
            .filter_map(Package::read)
            .collect();
        published.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(published)
    }
}

impl Package {
    fn read(package: &Value) -> Option<Self> {
        let name = package.get("name")?.as_str()?.to_owned();
        let version = package.get("version")?.as_str()?.to_owned();
        let mut features: Vec<String> = package
            .get("features")?
            .as_object()?
            .keys()
            .cloned()
            .collect();
        features.sort();
        Some(Self {
            name,
            version,
            features,
        })
    }

    /// What its package unpacks to.
    pub(crate) fn folder(&self) -> String {
        format!("{}-{}", self.name, self.version)
    }
}

/// For a copy that is no clone.
fn walk(root: &Path, folder: &Path, found: &mut Vec<String>) -> Result<()> {
    let entries = std::fs::read_dir(folder)
        .with_context(|| format!("{} cannot be read", folder.display()))?;
    for entry in entries {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() && !matches!(&*name, "target" | "node_modules" | ".git") {
            walk(root, &path, found)?;
        } else if path.is_file() {
            found.push(path.strip_prefix(root)?.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

/// Whether cargo's metadata allow a package to be published: `publish = false` shows as an empty
/// list of registries.
pub(crate) fn is_published(package: &Value) -> bool {
    package
        .get("publish")
        .and_then(Value::as_array)
        .is_none_or(|registries| !registries.is_empty())
}
