//! ci.md

use serde_json::Value;

use crate::billing::Billing;
use crate::chapter::{self, Block};
use crate::home::Ran;
use crate::programs::yaml;

/// A checkout of the repository, and the chapter's blocks that are not in it.
async fn checkout() -> (Billing, [Block; 3]) {
    let billing = Billing::start().await;
    let [profile, script, github, gitlab, check] =
        chapter::blocks("ci.md", ["toml", "sh", "yaml", "yaml", "sh"]);
    let profile = billing.made_real(&profile);
    billing.write("ci/vendor-auth.toml", &profile.text, 0o644);
    let script = billing.made_real(&script);
    billing.write("ci/invoices.sh", &script.text, 0o755);
    (billing, [github, gitlab, check])
}

/// Runs a step, with the CI system's secret.
fn step(billing: &Billing, script: &str, environment: &[(&str, &str)]) -> Ran {
    let mut shell = billing.shell("bash", &format!("set -e\n{script}"));
    let secret = billing.server.client_secret();
    shell
        .env("BILLING_SECRET", secret)
        .envs(environment.iter().copied());
    Ran::of(&shell.output().unwrap())
}

#[tokio::test]
async fn the_script_and_its_check_make_one_token_request() {
    let (billing, [_, _, check]) = checkout().await;
    let ran = step(&billing, &check.text, &[]);
    assert!(ran.ok().starts_with("billing: valid (OAuth 2.0)\n"));
    billing.assert_answered("invoices.json");
    step(&billing, &check.text, &[]).ok();
    assert_eq!(billing.server.exchange_count(), 1);
}

#[tokio::test]
async fn a_secret_that_is_not_set_ends_the_job_with_78_and_the_line() {
    let (billing, [..]) = checkout().await;
    let unset = billing.run("bash", "bash ci/invoices.sh");
    let text = unset.failed(78);
    assert!(
        text.contains("vendor-auth.toml:7: `profiles.billing.client_secret`")
            && text.contains("BILLING_SECRET is not set"),
        "{text}"
    );
}

#[tokio::test]
async fn an_outage_ends_the_job_with_75() {
    let (billing, [..]) = checkout().await;
    billing.server.refuse_connections().await.unwrap();
    step(&billing, "bash ci/invoices.sh", &[]).failed(75);
}

#[tokio::test]
async fn a_wrong_secret_ends_the_job_with_78_and_the_right_one_then_works() {
    let (billing, [..]) = checkout().await;
    let wrong = [("BILLING_SECRET", "wrong")];
    step(&billing, "bash ci/invoices.sh", &wrong).failed(78);
    assert_eq!(step(&billing, "bash ci/invoices.sh", &[]).ok(), "");
    billing.assert_answered("invoices.json");
}

#[tokio::test]
async fn the_steps_of_the_github_workflow_work() {
    let (billing, [github, ..]) = checkout().await;
    let workflow = yaml(&github.text);
    let job = &workflow[0]["jobs"]["invoices"];
    assert_eq!(
        job["env"]["BILLING_SECRET"],
        "${{ secrets.BILLING_SECRET }}"
    );
    let config = job["env"]["VENDOR_AUTH_CONFIG"].as_str().unwrap();
    let steps = job["steps"].as_array().unwrap().iter();
    let scripts: Vec<_> = steps.filter_map(|step| step["run"].as_str()).collect();
    let [install, script, doctor] = *scripts else {
        panic!("{scripts:?}");
    };
    assert_eq!(install, "cargo install --locked vendor-auth-cli");
    assert_eq!(step(&billing, script, &[]).ok(), "");
    billing.assert_answered("invoices.json");
    let wrong = [("VENDOR_AUTH_CONFIG", config), ("BILLING_SECRET", "")];
    let found = step(&billing, doctor, &wrong);
    assert_eq!(found.code, 78);
    assert!(found.stdout.contains("failed   secrets"), "{found:?}");
}

#[tokio::test]
async fn the_script_of_the_gitlab_job_works() {
    let (billing, [_, gitlab, _]) = checkout().await;
    let job = &yaml(&gitlab.text)[0]["invoices"];
    assert_eq!(
        job["before_script"][0],
        "cargo install --locked vendor-auth-cli"
    );
    assert_eq!(job["retry"]["exit_codes"][0], "75");
    let script: Vec<_> = job["script"].as_array().unwrap().iter().collect();
    let script: String = script.into_iter().filter_map(Value::as_str).collect();
    assert_eq!(step(&billing, &script, &[]).ok(), "");
    billing.assert_answered("invoices.json");
}
