//! no-token.md

use crate::billing::Billing;
use crate::chapter::{self, section};

#[tokio::test]
async fn a_wrong_secret_is_found_corrected_and_checked() {
    let [find, check] = chapter::blocks("no-token.md", ["sh", "sh"]);
    let billing = Billing::start().await;
    let secret = ".config/vendor-auth/billing-secret";
    billing.write(secret, "wrong", 0o600);
    let ran = billing.run("bash", &find.text);
    assert_eq!(ran.code, 0, "a warning: {ran:?}");
    assert!(ran.stdout.starts_with("billing: no token yet"), "{ran:?}");
    assert!(ran.stdout.contains("correct the configuration"), "{ran:?}");

    billing.write(secret, billing.server.client_secret(), 0o600);
    let ran = billing.run("bash", &check.text);
    assert!(ran.ok().starts_with("billing: valid"), "{ran:?}");
}

#[tokio::test]
async fn another_refresh_token_ends_a_refusal() {
    let billing = Billing::start().await;
    let path = ".config/vendor-auth/config.toml";
    let config = std::fs::read_to_string(billing.home.path(path)).unwrap();
    let begin = "grant = \"refresh_token\"\nrefresh_token = { file = \"first\" }";
    let config = config.replace("grant = \"client_credentials\"", begin);
    billing.write(path, &config, 0o600);
    let grant = || billing.server.grant().refresh_token().unwrap().to_owned();
    billing.write(".config/vendor-auth/first", &grant(), 0o600);
    billing.server.revoke_grant();
    let ran = billing.run("sh", "vendor-auth token billing");
    assert!(
        ran.failed(77).contains("get another refresh token"),
        "{ran:?}"
    );
    billing.write(".config/vendor-auth/first", &grant(), 0o600);
    billing.run("sh", "vendor-auth token billing").ok();
}

#[tokio::test]
async fn the_exit_codes_are_those_of_help() {
    let billing = Billing::start().await;
    let help = billing.home.run(&["--help"]).ok().to_owned();
    let (_, codes) = help.split_once("Exit codes: ").unwrap();
    let codes = codes.split([' ', ',', '\n']);
    let text = chapter::read("no-token.md");
    let table = section(&text, "## On failure");
    for code in codes.filter(|word| word.parse::<u8>().is_ok_and(|code| code > 0)) {
        assert!(table.contains(&format!("\n| {code} | ")), "{code}");
    }
}
