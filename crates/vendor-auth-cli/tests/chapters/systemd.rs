//! systemd.md

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::home::Ran;
use crate::programs::program;
use crate::serving::Serving;

const LANGUAGES: [&str; 4] = ["toml", "ini", "sh", "sh"];

/// Runs `systemd-analyze` on the chapter's unit.
fn analyzed(billing: &Billing, arguments: &[&str]) -> Ran {
    let [_, unit, ..] = chapter::blocks("systemd.md", LANGUAGES);
    let unit = unit.with(
        "/usr/local/bin/vendor-auth",
        env!("CARGO_BIN_EXE_vendor-auth"),
    );
    billing.write("vendor-auth.service", &unit.text, 0o644);
    let mut command = Command::new(program("systemd-analyze"));
    command.args(arguments);
    command.arg(billing.home.path("vendor-auth.service"));
    Ran::of(&command.env("LC_ALL", "C.UTF-8").output().unwrap())
}

#[tokio::test]
async fn systemd_verifies_the_unit_and_rates_it_no_worse_than_the_chapter_says() {
    let billing = Billing::start().await;
    assert_eq!(analyzed(&billing, &["verify", "--man=no"]).ok(), "");
    let text = chapter::read("systemd.md");
    let (_, figure) = text
        .split_once("rates the exposure of this unit at ")
        .unwrap();
    let figure = figure.split(' ').next().unwrap();
    let threshold = format!("{:.0}", figure.parse::<f64>().unwrap() * 10.0);
    let rating = analyzed(
        &billing,
        &["security", "--offline=yes", "--threshold", &threshold],
    );
    assert!(
        rating.ok().contains(&format!(": {figure} OK")),
        "{rating:?}"
    );
}

#[tokio::test]
async fn the_command_of_the_unit_writes_the_file_and_is_ready() {
    let [profile, unit, install, check] = chapter::blocks("systemd.md", LANGUAGES);
    let billing = Billing::start().await;
    let real = |text: &str| {
        let mut text = text.to_owned();
        for (example, directory) in [
            ("/run/credentials/vendor-auth.service", "credentials"),
            ("/etc/vendor-auth", "etc"),
            ("/var/lib/vendor-auth", "state"),
            ("/run/vendor-auth", "run"),
        ] {
            let directory = billing.home.path(directory);
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::set_permissions(&directory, Permissions::from_mode(0o700)).unwrap();
            text = text.replace(example, &directory.display().to_string());
        }
        text
    };
    let profile = real(&billing.made_real(&profile).text);
    billing.write("etc/config.toml", &profile, 0o644);
    let secret = billing.server.client_secret();
    billing.write("credentials/billing-secret", secret, 0o400);

    let (_, command) = unit.text.split_once("ExecStart=").unwrap();
    let (command, _) = command.split_once("\nLoadCredential").unwrap();
    let line = Block {
        language: String::new(),
        text: real(&command.replace("/usr/local/bin/", "")),
    };
    let _serving = Serving::with_hook(&billing, &line).written();
    let file = std::fs::read_to_string(billing.home.path("run/billing.json")).unwrap();
    assert!(file.contains("\"access_token\""), "{file}");
    let curl = check
        .text
        .lines()
        .find(|line| line.starts_with("curl "))
        .unwrap();
    assert_eq!(billing.run("sh", &real(curl)).ok(), "ok\n");

    let status = "vendor-auth --config etc/config.toml status billing";
    assert!(billing.run("sh", status).ok().starts_with("billing: valid"));

    // They change the machine, or need systemd as its first process: their syntax is checked.
    for block in [install, check] {
        assert_eq!(
            billing.run("bash", &format!("set -n\n{}", block.text)).ok(),
            ""
        );
    }
}
