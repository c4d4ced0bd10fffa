//! `django-oauth-toolkit`, in its own virtual environment.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::{Installed, Launch, copy, fetch, is_installed, is_new_enough};
use crate::machine::{self, program};

const SOURCE: &str = "interop/django";
const REQUIREMENTS: &str = "requirements.txt";
/// The list that the environment was made from.
const INSTALLED: &str = "installed-requirements.txt";
const OLDEST_PYTHON: (u32, u32) = (3, 10);

pub(super) fn install() -> Result<Installed> {
    if let Some(reason) = missing() {
        return Ok(Installed::Missing(reason));
    }
    let folder = machine::target("interop-django")?;
    copy(&machine::source(SOURCE), &folder)?;
    let launch = Launch {
        program: folder.join("venv/bin/python"),
        script: "server.py",
        folder: folder.clone(),
        state: "state.sqlite3",
    };
    if is_installed(&folder, REQUIREMENTS, INSTALLED) && launch.program.exists() {
        return Ok(Installed::Ready(launch));
    }
    match make(&folder)? {
        Some(reason) => Ok(Installed::Missing(reason)),
        None => Ok(Installed::Ready(launch)),
    }
}

fn missing() -> Option<String> {
    let Ok(version) = machine::read(&mut program("python3", &["--version"])) else {
        return Some("Python is not installed".to_owned());
    };
    if !is_new_enough(&version, OLDEST_PYTHON) {
        let (major, minor) = OLDEST_PYTHON;
        return Some(format!("{} is older than {major}.{minor}", version.trim()));
    }
    let has_venv = machine::is_there("python3", &["-c", "import venv, ensurepip"]);
    (!has_venv).then(|| "Python has no `venv`".to_owned())
}

/// Creates the environment, or returns why the server cannot be installed here.
fn make(folder: &Path) -> Result<Option<String>> {
    println!("  python3 -m venv, pip install");
    let mut venv = program("python3", &["-m", "venv", "--clear", "venv"]);
    machine::read(venv.current_dir(folder)).context("the virtual environment cannot be created")?;
    let pip = [
        "-m",
        "pip",
        "install",
        "--disable-pip-version-check",
        "--no-deps",
        "--only-binary=:all:",
        "-r",
        REQUIREMENTS,
    ];
    let python = folder.join("venv/bin/python");
    let mut pip = program(&python.to_string_lossy(), &pip);
    let reason = fetch(pip.current_dir(folder), "django-oauth-toolkit")?;
    if reason.is_none() {
        fs::copy(folder.join(REQUIREMENTS), folder.join(INSTALLED))
            .context("the list cannot be kept")?;
    }
    Ok(reason)
}
