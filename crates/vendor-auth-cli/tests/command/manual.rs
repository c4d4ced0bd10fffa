//! `vendor-auth init`, `completions` and `man`.

use std::fs;
use std::process::Command;

use crate::home::{Home, Ran, assert_private};

fn new_user() -> Home {
    let home = Home::with("");
    fs::remove_dir_all(home.path(".config")).unwrap();
    home
}

#[test]
fn init_writes_a_configuration_that_is_filled_in() {
    let home = new_user();
    let told = home.run(&["init", "--vendor", "enos-apim"]);
    assert!(told.ok().ends_with("config.toml: fill in its profile\n"));
    assert_private(&home.config_path());
    let token = home.run(&["token", "my-enos"]);
    let complaint = token.failed(78);
    assert!(
        complaint.contains("the environment variable ENOS_APP_SECRET is not set"),
        "{complaint}"
    );
}

#[test]
fn init_replaces_nothing_unless_it_is_told_to() {
    let home = Home::with("# mine");
    let refused = home.run(&["init"]);
    assert!(
        refused
            .failed(78)
            .contains("config.toml exists; write --force to replace it")
    );
    let printed = home
        .run(&["init", "--print", "--vendor", "oauth2"])
        .ok()
        .to_owned();
    assert_eq!(fs::read_to_string(home.config_path()).unwrap(), "# mine");
    home.run(&["init", "--force", "--vendor", "oauth2"]).ok();
    assert_eq!(fs::read_to_string(home.config_path()).unwrap(), printed);
    assert!(
        home.run(&["init", "--vendor", "acme"])
            .failed(64)
            .contains("possible values: oauth2, ")
    );
}

#[test]
fn init_as_comments_is_a_configuration_without_profiles() {
    let home = new_user();
    home.run(&["--config", "mine.toml", "init"]).ok();
    assert_private(&home.path("mine.toml"));
    let none = home.run(&["--config", "mine.toml", "token", "x"]);
    assert!(
        none.failed(78)
            .contains("there is no profile; write `[profiles.x]`")
    );
}

#[test]
fn bash_loads_its_completions_and_completes_commands() {
    let home = new_user();
    let script = "source <(vendor-auth completions bash) && complete -p vendor-auth >&2 && \
                  COMP_WORDS=(vendor-auth sim fa) COMP_CWORD=2 && \
                  _vendor__auth vendor-auth fa sim && printf '%s\\n' \"${COMPREPLY[@]}\"";
    let program = home.command(&[]);
    let program = std::path::Path::new(program.get_program())
        .parent()
        .unwrap();
    let mut bash = Command::new("bash");
    bash.args(["--norc", "--noprofile", "-c", script]);
    let path = std::env::var("PATH").unwrap();
    bash.env("PATH", format!("{}:{path}", program.display()))
        .env("HOME", home.path(""));
    let ran = Ran::of(&bash.output().unwrap());
    assert_eq!((ran.code, &*ran.stdout), (0, "fault\n"), "{ran:?}");
}

#[test]
fn every_shell_has_completions() {
    let home = new_user();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(
            home.run(&["completions", shell])
                .ok()
                .contains("vendor-auth"),
            "{shell}"
        );
    }
    assert!(
        home.run(&["completions", "tcsh"])
            .failed(64)
            .contains("possible values: bash")
    );
}

#[test]
fn every_page_of_the_manual_renders_without_a_warning() {
    let home = new_user();
    home.run(&["man", "--dir", "pages"]).ok();
    let pages = fs::read_dir(home.path("pages")).unwrap().flatten();
    let mut names: Vec<_> = pages
        .map(|page| page.file_name().into_string().unwrap())
        .collect();
    names.sort();
    for expected in [
        "vendor-auth.1",
        "vendor-auth-sim-fault.1",
        "vendor-auth-token.1",
    ] {
        assert!(names.contains(&expected.to_owned()), "{names:?}");
    }
    assert_eq!(
        home.run(&["man"]).ok(),
        fs::read_to_string(home.path("pages/vendor-auth.1")).unwrap()
    );
    for name in names {
        let page = home.path("pages").join(&name);
        let mut groff = Command::new("groff");
        groff
            .args(["-man", "-ww", "-Tutf8", "-Kutf8", "-z"])
            .arg(&page);
        assert_eq!(Ran::of(&groff.output().unwrap()).ok(), "", "{name}");
        let mut man = Command::new("man");
        man.arg("-l")
            .arg(&page)
            .env("MANWIDTH", "100")
            .env("LC_ALL", "C.UTF-8")
            .env("MANROFFOPT", "-ww");
        let shown = Ran::of(&man.output().unwrap());
        assert!(shown.ok().contains("SYNOPSIS"), "{name}: {shown:?}");
    }
}
