//! cron.md

use std::process::Command;

use crate::billing::Billing;
use crate::chapter;
use crate::home::Ran;
use crate::programs::{program, with_input};

const LANGUAGES: [&str; 3] = ["sh", "crontab", "sh"];

#[tokio::test]
async fn the_check_runs_the_script_with_the_environment_of_cron() {
    let billing = Billing::start().await;
    let [script, _, check] = chapter::blocks("cron.md", LANGUAGES);
    billing.write(
        "bin/fetch-invoices",
        &billing.made_real(&script).text,
        0o755,
    );
    let installed = env!("CARGO_BIN_EXE_vendor-auth").trim_end_matches("/vendor-auth");
    let check = check.with("/usr/local/bin", installed);
    let ran = billing.run("sh", &check.text);
    assert!(ran.ok().starts_with("billing: valid (OAuth 2.0)\n"));
    billing.assert_answered("invoices.json");
}

#[tokio::test]
async fn cron_takes_the_crontab_and_sh_runs_its_command() {
    let billing = Billing::start().await;
    let [script, crontab, _] = chapter::blocks("cron.md", LANGUAGES);
    let read = Ran::of(&with_input(
        Command::new(program("crontab")).args(["-n", "-"]),
        &crontab.text,
    ));
    assert_eq!(read.code, 0, "{read:?}");

    billing.write(
        "bin/fetch-invoices",
        &billing.made_real(&script).text,
        0o755,
    );
    let line = crontab.text.lines().last().unwrap();
    let command = line.splitn(6, ' ').last().unwrap();
    assert_eq!(billing.run("/bin/sh", command).ok(), "");
    billing.assert_answered("invoices.json");
}

#[tokio::test]
async fn a_run_during_an_outage_prints_the_reason_which_cron_mails() {
    let billing = Billing::start().await;
    let [script, ..] = chapter::blocks("cron.md", LANGUAGES);
    billing.write(
        "bin/fetch-invoices",
        &billing.made_real(&script).text,
        0o755,
    );
    billing.server.refuse_connections().await.unwrap();
    let ran = billing.run("sh", "$HOME/bin/fetch-invoices");
    assert!(ran.failed(75).contains("retry later"), "{ran:?}");
}
