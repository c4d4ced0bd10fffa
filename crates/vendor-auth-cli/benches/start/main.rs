//! Measures the time from the start of `vendor-auth token` to its end, with a fresh token in the
//! file store, as a ratio to a small program that reads and parses the same file. More than three
//! times as long fails.
//!
//! ```sh
//! cargo bench -p vendor-auth-cli --bench start
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use tempfile::TempDir;
use token_sim::OAuth2Server;

const STARTS: usize = 500;
const LIMIT: f64 = 3.0;

#[tokio::main(flavor = "multi_thread", worker_threads = 1)]
async fn main() {
    let programs = build();
    let server = OAuth2Server::start().await.unwrap();
    let home = home(&server);
    let token = Program::new(programs.join("vendor-auth"), &home, ["token", "demo"]);
    let printed = token.print();
    let record = record(home.path());
    let rival = Program::new(programs.join("examples/read_record"), &home, [&record]);
    assert_eq!(rival.print(), printed);

    let (mut times, mut rivals) = (Vec::new(), Vec::new());
    // They take turns, so that other load on the machine slows both.
    for _ in 0..STARTS {
        times.push(token.time());
        rivals.push(rival.time());
    }
    assert_eq!(server.exchange_count(), 1);
    println!("medians and minima of {STARTS} starts, on {}\n", machine());
    let rival_time = report("reads and parses the record", &rival, &mut rivals);
    let time = report("vendor-auth token", &token, &mut times);
    let ratio = time.as_secs_f64() / rival_time.as_secs_f64();
    println!("\nratio of the medians: {ratio:.2}");
    assert!(
        ratio <= LIMIT,
        "it takes more than {LIMIT} times as long; is the machine busy?"
    );
}

/// Prints a row, and returns the median.
fn report(name: &str, program: &Program, times: &mut [Duration]) -> Duration {
    times.sort_unstable();
    let at = |index: usize| times.get(index).copied().unwrap();
    let (median, least) = (at(times.len() / 2), at(0));
    println!("{name:<28}{median:>9.1?}{least:>9.1?}{}", program.size());
    median
}

/// Builds both as they are released, and returns their folder.
fn build() -> PathBuf {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args([
        "build",
        "--quiet",
        "--release",
        "--package",
        "vendor-auth-cli",
    ]);
    cargo.args(["--bin", "vendor-auth", "--example", "read_record"]);
    assert!(cargo.status().unwrap().success());
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).parent().unwrap();
    target.join("release")
}

/// Returns a home directory with a profile in it.
fn home(server: &OAuth2Server) -> TempDir {
    let home = tempfile::tempdir().unwrap();
    let directory = home.path().join(".config/vendor-auth");
    fs::create_dir_all(&directory).unwrap();
    let profile = format!(
        "[profiles.demo]\nvendor = \"oauth2\"\ntoken_url = \"{}\"\nclient_id = \"{}\"\n\
         client_secret = {{ file = \"~/secret\" }}\ngrant = \"client_credentials\"\n\
         allow_plain_http = true\n\n[store]\ndirectory = \"~/tokens\"\n",
        server.token_url(),
        server.client_id(),
    );
    fs::write(directory.join("config.toml"), profile).unwrap();
    fs::write(home.path().join("secret"), server.client_secret()).unwrap();
    home
}

/// Returns the one record in the file store.
fn record(home: &Path) -> PathBuf {
    let store = home.join("tokens");
    let mut files = fs::read_dir(store)
        .unwrap()
        .map(|entry| entry.unwrap().path());
    files
        .find(|path| path.extension() == Some(OsStr::new("json")))
        .unwrap()
}

/// A program and its arguments.
struct Program {
    path: PathBuf,
    arguments: Vec<PathBuf>,
    home: PathBuf,
}

impl Program {
    fn new<const N: usize>(
        path: PathBuf,
        home: &TempDir,
        arguments: [impl AsRef<Path>; N],
    ) -> Self {
        Self {
            path,
            arguments: arguments.map(|it| it.as_ref().to_owned()).into(),
            home: home.path().to_owned(),
        }
    }

    /// Runs it, and returns what it prints.
    fn print(&self) -> String {
        let mut command = Command::new(&self.path);
        command
            .args(&self.arguments)
            .env_clear()
            .env("HOME", &self.home);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    fn time(&self) -> Duration {
        let began = Instant::now();
        self.print();
        began.elapsed()
    }

    fn size(&self) -> String {
        let bytes = fs::metadata(&self.path).unwrap().len();
        format!("{:>7}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10)
    }
}

/// Returns the processor, as Linux names it.
fn machine() -> String {
    let text = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = text
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = name.map_or("an unknown processor", |(_, name)| name);
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    format!("{cores} × {name}, {}", std::env::consts::OS)
}
