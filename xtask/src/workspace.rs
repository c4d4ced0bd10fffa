//! The workspace as cargo sees it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::Value;

use crate::command::{cargo, read};

/// What git ignores, and git's own folder.
const NO_SOURCES: [&str; 3] = ["target", "node_modules", ".git"];

/// The workspace's folder.
#[derive(Debug, Clone)]
pub(crate) struct Workspace(PathBuf);

/// A package of the workspace.
#[derive(Debug, Clone)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Sorted.
    pub(crate) features: Vec<String>,
}

impl Workspace {
    /// Returns the workspace that this program was built in.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var("CARGO_MANIFEST_DIR").context("start it as `cargo xtask`")?;
        Ok(Self::at(
            Path::new(&manifest)
                .parent()
                .context("xtask has no parent folder")?,
        ))
    }

    /// Returns the workspace in another folder.
    pub(crate) fn at(root: &Path) -> Self {
        Self(root.to_owned())
    }

    pub(crate) fn root(&self) -> &Path {
        &self.0
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.0.join(relative)
    }

    /// Returns a path in cargo's target folder, wherever that is.
    pub(crate) fn target(&self, relative: &str) -> Result<PathBuf> {
        let metadata = self.metadata()?;
        let target = metadata.get("target_directory").and_then(Value::as_str);
        Ok(Path::new(target.context("cargo has no target folder")?).join(relative))
    }

    /// Returns the paths of all files that are sources: also in a copy that is not a clone.
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

    pub(crate) fn read(&self, relative: &str) -> Result<String> {
        std::fs::read_to_string(self.path(relative))
            .with_context(|| format!("{relative} cannot be read"))
    }

    /// Returns every package that is published, sorted by name.
    pub(crate) fn published(&self) -> Result<Vec<Package>> {
        let metadata = self.metadata()?;
        let packages = metadata
            .get("packages")
            .and_then(Value::as_array)
            .context("no packages")?;
        let mut published: Vec<Package> = packages.iter().filter_map(Package::published).collect();
        published.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(published)
    }

    fn metadata(&self) -> Result<Value> {
        let text = read(&mut cargo(
            self,
            &["metadata", "--format-version", "1", "--no-deps"],
        ))?;
        serde_json::from_str(&text).context("cargo's metadata is not JSON")
    }
}

impl Package {
    /// In cargo's metadata `publish = false` is an empty list of registries.
    fn published(package: &Value) -> Option<Self> {
        if package
            .get("publish")
            .and_then(Value::as_array)
            .is_some_and(Vec::is_empty)
        {
            return None;
        }
        let mut features: Vec<String> = package
            .get("features")?
            .as_object()?
            .keys()
            .cloned()
            .collect();
        features.sort();
        Some(Self {
            name: package.get("name")?.as_str()?.to_owned(),
            version: package.get("version")?.as_str()?.to_owned(),
            features,
        })
    }
}
