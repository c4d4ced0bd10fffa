//! Real git over HTTP, with `vendor-auth helper --protocol git` as its credential helper.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use token_sim::OAuth2Server;

use crate::home::{Home, Ran};
use crate::repository::Repository;

/// Returns the gits of this machine: of the search path, and of the distribution.
fn gits() -> Vec<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    let folders = std::env::split_paths(&path).chain([PathBuf::from("/usr/bin")]);
    let mut gits: Vec<PathBuf> = Vec::new();
    for git in folders
        .map(|folder| folder.join("git"))
        .filter(|git| git.is_file())
    {
        let git = git.canonicalize().unwrap();
        if !gits.contains(&git) {
            gits.push(git);
        }
    }
    assert!(
        !gits.is_empty(),
        "install git, such as with `apt-get install git`"
    );
    gits
}

/// Runs git as a user would, with the helper as its only source of passwords.
fn run_git(git: &Path, home: &Home, arguments: &[&str]) -> Ran {
    let folder = Path::new(env!("CARGO_BIN_EXE_vendor-auth"))
        .parent()
        .unwrap();
    let path = std::env::var_os("PATH").unwrap();
    let path = std::env::join_paths(
        [folder.to_owned()]
            .into_iter()
            .chain(std::env::split_paths(&path)),
    );
    let output = Command::new(git)
        .args(["-c", "credential.helper="])
        .args([
            "-c",
            "credential.helper=!vendor-auth helper --protocol git demo",
        ])
        .args(arguments)
        .env_clear()
        .env("PATH", path.unwrap())
        .env("HOME", home.path(""))
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_TRACE_CURL", home.path("trace"))
        .env("GIT_TRACE_REDACT", "0")
        .current_dir(home.path(""))
        .stdin(Stdio::null())
        .output()
        .unwrap();
    Ran::of(&output)
}

#[tokio::test]
async fn real_git_clones_gets_another_token_after_a_refusal_and_pushes() {
    for git in gits() {
        let sim = OAuth2Server::start().await.unwrap();
        let repository = Repository::start(&git, sim.resource_url());
        let home = Home::of_client_with(
            &sim,
            &format!("api_urls = [\"{}\"]", repository.server.url("")),
        );
        let url = repository.server.url("/demo.git");
        let cloned = run_git(&git, &home, &["clone", "-q", &url, "copy"]);
        assert_eq!(cloned.code, 0, "{} {cloned:?}", git.display());
        let text = std::fs::read_to_string(home.path("copy/file")).unwrap();
        assert_eq!((&*text, sim.exchange_count()), ("hello\n", 1));

        sim.revoke_access_token();
        let refused = run_git(&git, &home, &["-C", "copy", "fetch", "-q"]);
        assert_ne!(refused.code, 0, "{refused:?}");
        assert!(
            refused.stderr.contains("has been replaced; try again"),
            "{refused:?}"
        );
        let again = run_git(&git, &home, &["-C", "copy", "fetch", "-q"]);
        assert_eq!((again.code, sim.exchange_count()), (0, 2), "{again:?}");
        let pushed = run_git(
            &git,
            &home,
            &["-C", "copy", "push", "-q", "origin", "HEAD:other"],
        );
        assert_eq!((pushed.code, sim.exchange_count()), (0, 2), "{pushed:?}");

        let trace = std::fs::read_to_string(home.path("trace"))
            .unwrap()
            .to_lowercase();
        let is_typed = trace.contains("authorization: bearer ");
        assert_eq!(is_typed, knows_types(&git), "{}", git.display());
    }
}

fn knows_types(git: &Path) -> bool {
    let output = Command::new(git).arg("--version").output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let version = text.split_whitespace().nth(2).unwrap();
    let mut numbers = version.split('.').map(|it| it.parse::<u32>().unwrap_or(0));
    (numbers.next().unwrap(), numbers.next().unwrap()) >= (2, 46)
}

#[tokio::test]
async fn real_git_does_not_ask_a_person_if_someone_must_log_in() {
    let sim = OAuth2Server::start().await.unwrap();
    for git in gits() {
        let repository = Repository::start(&git, sim.resource_url());
        let home = Home::of_client_with(
            &sim,
            &format!("api_urls = [\"{}\"]", repository.server.url("")),
        );
        std::fs::write(home.path("secret"), "wrong").unwrap();
        let url = repository.server.url("/demo.git");
        let ran = run_git(&git, &home, &["clone", "-q", &url, "copy"]);
        assert!(ran.stderr.contains("told us to quit"), "{ran:?}");
    }
}
