//! `oidc-provider`, with Node.

use std::fs;

use anyhow::{Context as _, Result};

use super::{Installed, Launch, copy, fetch, is_installed, is_new_enough};
use crate::machine::{self, program};

const SOURCE: &str = "interop";
const LOCK: &str = "package-lock.json";
/// The lock that `node_modules` was installed from.
const INSTALLED: &str = "installed-lock.json";
const OLDEST_NODE: (u32, u32) = (20, 20);

pub(super) fn install() -> Result<Installed> {
    if let Some(reason) = missing() {
        return Ok(Installed::Missing(reason));
    }
    let folder = machine::target("interop")?;
    copy(&machine::source(SOURCE), &folder)?;
    let launch = Launch {
        program: "node".into(),
        script: "server.mjs",
        folder: folder.clone(),
        state: "state.json",
    };
    if is_installed(&folder, LOCK, INSTALLED) && folder.join("node_modules/oidc-provider").is_dir()
    {
        return Ok(Installed::Ready(launch));
    }
    println!("  npm ci");
    let mut npm = program("npm", &["ci", "--no-progress"]);
    if let Some(reason) = fetch(npm.current_dir(&folder), "oidc-provider")? {
        return Ok(Installed::Missing(reason));
    }
    fs::copy(folder.join(LOCK), folder.join(INSTALLED)).context("the lock cannot be kept")?;
    Ok(Installed::Ready(launch))
}

fn missing() -> Option<String> {
    let Ok(version) = machine::read(&mut program("node", &["--version"])) else {
        return Some("Node is not installed".to_owned());
    };
    if !is_new_enough(&version, OLDEST_NODE) {
        let (major, minor) = OLDEST_NODE;
        return Some(format!(
            "Node {} is older than v{major}.{minor}",
            version.trim()
        ));
    }
    let has_npm = machine::is_there("npm", &["--version"]);
    (!has_npm).then(|| "npm is not installed".to_owned())
}
