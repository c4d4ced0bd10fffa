//! Pools in the command line and in the configuration.

use std::fs;

use token_sim::OAuth2Server;

use super::{accounts, home_of, with_accounts};
use crate::home::Home;
use crate::serve::process::Serving;

#[tokio::test]
async fn one_account_alone_is_served_as_a_profile_with_files() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "");
    with_accounts(&home, &server, &accounts(1));
    let sink = ["--sink", "tenants/acme-0:text:acme:0600"];
    let once = [&["serve", "tenants/acme-0", "--once"], &sink[..]].concat();
    home.run(&once).ok();
    let serving = Serving::on_a_port(&home, &["tenants/acme-0"]);
    let token = serving.get("/token/tenants/acme-0").token();
    assert_eq!(
        fs::read_to_string(home.path("acme")).unwrap().trim_end(),
        token
    );
    let why = home.run(&["serve", "--sink", "tenants:text:acme:0600"]);
    assert!(
        why.failed(64).contains("serve `tenants/ACCOUNT` beside it"),
        "{why:?}"
    );
    let why = home.run(&["serve", "--on-refresh", "true"]);
    assert!(
        why.failed(64)
            .contains("not run for the accounts of a pool"),
        "{why:?}"
    );
}

#[tokio::test]
async fn commands_for_one_token_say_what_to_write_for_a_pool() {
    let server = OAuth2Server::start().await.unwrap();
    let home = home_of(&server, "");
    with_accounts(&home, &server, &accounts(1));
    for command in ["token", "login", "logout", "status"] {
        let ran = home.run(&[command, "tenants"]);
        assert!(
            ran.failed(64).contains("write `tenants/ACCOUNT`"),
            "{ran:?}"
        );
    }
    let ran = home.run(&["watch"]);
    assert!(
        ran.failed(64)
            .contains("`vendor-auth watch tenants/ACCOUNT`"),
        "{ran:?}"
    );
    let ran = home.run(&["doctor", "tenants"]);
    assert!(ran.stdout.contains("write `tenants/ACCOUNT`"), "{ran:?}");
    let ran = home.run(&["token", "tenants/a b"]);
    assert!(
        ran.failed(64).contains("is not the name of an account"),
        "{ran:?}"
    );
    let ran = home.run(&["token", "tenants/nobody"]);
    assert!(
        ran.failed(78).contains("`profiles.tenants.refresh_token`"),
        "{ran:?}"
    );
    home.run(&["token", "tenants/acme-0"]).ok();
    let status = home.run(&["status"]);
    assert!(
        status.ok().starts_with("tenants: a pool (OAuth 2.0); "),
        "{status:?}"
    );
    assert_eq!(home.run(&["status", "--json"]).ok(), "[]\n");
    let status = home.run(&["status", "tenants/acme-0"]);
    assert!(
        status.ok().starts_with("tenants/acme-0: valid"),
        "{status:?}"
    );
    let ran = home.run(&["doctor", "tenants/acme-0"]);
    assert_eq!(ran.code, 0, "{ran:?}");
}

#[test]
fn a_wrong_pool_is_told_what_to_write() {
    let begin = "[profiles.p]\nvendor = \"oauth2\"\ntoken_url = \"https://id.example.com/token\"\n";
    let cases = [
        (
            "client_id = \"{account}\"\n",
            "`profiles.p.client_id`: has `{account}`, which only a pool",
        ),
        (
            "client_id = \"a\"\nauthorize_url = \"https://{account}.example.com\"\npool = {}\n",
            "`profiles.p.authorize_url`: has `{account}`, but is the same for all accounts",
        ),
        (
            "client_id = \"a\"\nclient_secret = { command = [\"{account}\"] }\npool = {}\n",
            "in the name of the program",
        ),
        (
            "client_id = \"a\"\ngrant = \"client_credentials\"\nclient_secret = { env = \"X\" }\npool = {}\n",
            "`profiles.p.pool`: all accounts would have one grant",
        ),
        (
            "client_id = \"{account}\"\ngrant = \"client_credentials\"\nclient_secret = { env = \"X\" }\npool = {}\n",
            "`profiles.p.pool`: nothing tells which accounts there are",
        ),
        (
            "client_id = \"a\"\npool = { size = 1 }\n",
            "`profiles.p.pool.size`: unknown field",
        ),
        (
            "client_id = \"a\"\npool = { max_in_memory = 0 }\n",
            "`profiles.p.pool.max_in_memory`",
        ),
        ("client_id = \"a\"\npool = 1\n", "must be a table"),
    ];
    for (text, expected) in cases {
        let home = Home::with(&format!("{begin}{text}"));
        let ran = home.run(&["serve"]);
        let why = ran.failed(78);
        assert!(why.contains(expected), "{text}: {why}");
        assert!(why.contains("config.toml:"), "{why}");
    }
}
