//! The programs of the test: a browser, and an authorization server that was not written by us.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};

use local_servers::install::{self, Missing};
use serde_json::Value;

/// Where Debian installs it.
const CHROMIUM: &str = "/usr/bin/chromium";
const LOCK: &str = "package-lock.json";
/// The lock that `node_modules` was installed from.
const INSTALLED: &str = "installed-lock.json";

/// The scripts and their packages, in the target folder.
pub(crate) struct Programs {
    folder: PathBuf,
}

impl Programs {
    /// Installs the packages, unless they were installed before.
    pub(crate) fn install() -> Self {
        let missing = install::missing();
        let chromium = missing.iter().find(|it| it.program == "chromium");
        assert_eq!(chromium.map(Missing::command), None, "run this command");
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("browser");
        fs::create_dir_all(&folder).unwrap();
        let lock = File::create(folder.join("lock")).unwrap();
        lock.lock().unwrap(); // Tests may be processes.
        copy_scripts(&folder);
        if fs::read(folder.join(INSTALLED)).ok() != fs::read(folder.join(LOCK)).ok() {
            let mut npm = Command::new("npm");
            let npm = npm.args(["ci", "--no-progress"]).current_dir(&folder);
            let output = npm.output().unwrap();
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success(), "npm ci: {said}");
            fs::copy(folder.join(LOCK), folder.join(INSTALLED)).unwrap();
        }
        Self { folder }
    }

    /// Returns the command that runs a script.
    fn script(&self, name: &str) -> Command {
        let mut command = Command::new("node");
        command
            .arg(self.folder.join(name))
            .env("CHROMIUM", CHROMIUM);
        command
    }

    /// Returns the findings about the page at this URL.
    pub(crate) fn check(&self, url: &str, scheme: &str, width: u32) -> Value {
        let mut script = self.script("check.mjs");
        let output = script.args([url, scheme, &width.to_string()]).output();
        let output = output.unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        serde_json::from_slice(&output.stdout).unwrap()
    }

    /// Returns the URL of a file beside the scripts.
    pub(crate) fn url_of(&self, name: &str) -> String {
        format!("file://{}", self.folder.join(name).display())
    }

    /// Returns the shell command of a person at a browser who does this.
    pub(crate) fn person(&self, does: &str) -> String {
        let folder = self.folder.display();
        format!("CHROMIUM={CHROMIUM} exec node '{folder}/person.mjs' {does} '{folder}' \"$1\"")
    }
}

fn copy_scripts(folder: &Path) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser/programs");
    for entry in fs::read_dir(source).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), folder.join(entry.file_name())).unwrap();
    }
}

/// The authorization server.
pub(crate) struct Server {
    pub(crate) issuer: String,
    process: Child,
    /// It ends when this closes.
    leash: Option<ChildStdin>,
}

impl Server {
    pub(crate) fn start(programs: &Programs) -> Self {
        let mut process = programs
            .script("server.mjs")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut issuer = String::new();
        let mut stdout = BufReader::new(process.stdout.take().unwrap());
        stdout.read_line(&mut issuer).unwrap();
        assert!(issuer.ends_with('\n'), "the server ended at once");
        Self {
            issuer: issuer.trim_end().to_owned(),
            leash: process.stdin.take(),
            process,
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.leash = None;
        self.process.wait().ok();
    }
}
