//! Profiles whose login needs no person.

use token_sim::OAuth2Server;

use super::{person, run};
use crate::home::Home;

#[tokio::test]
async fn a_program_that_logs_in_itself_shows_that_its_credentials_are_good() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    home.run(&["token", "demo"]).ok();
    let ran = home.run(&["login", "demo"]);
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(ran.stderr.starts_with(
        "demo: no login is needed, the program logs in itself. Its credentials are good: the token \
         expires at "
    ));
    assert_eq!(server.exchange_count(), 2);
    std::fs::write(home.path("secret"), "wrong").unwrap();
    home.run(&["login", "demo"]).failed(78);
}

#[tokio::test]
async fn a_grant_that_a_refresh_token_begins_has_no_login() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(
        &server,
        "grant = \"refresh_token\"\nrefresh_token = { env = \"DEMO_SECRET\" }",
    );
    let ran = run(&home, &server, &["login", "demo"]);
    let text = ran.failed(64);
    assert!(
        text.contains("put it where `refresh_token` is read"),
        "{text}"
    );
}

#[tokio::test]
async fn what_a_login_lacks_or_has_no_use_for_is_named() {
    let server = OAuth2Server::start().await.unwrap();
    let home = |more: &str| person(&server, more);
    let complaint = |more: &str, arguments: &[&str]| {
        let ran = run(&home(more), &server, arguments);
        (ran.code, ran.stderr)
    };
    let login = ["login", "demo"];
    let cases = [
        ("redirect_port = 0", "redirect_port`: invalid value"),
        (
            "redirect_path = \"back\"",
            "redirect_path`: is not a path; write",
        ),
        (
            "redirect_uri = \"app:/cb\"",
            "redirect_uri`: is not an absolute URL; write",
        ),
        (
            "redirect_uri = \"http://127.0.0.1:1/\"\nredirect_port = 1",
            "redirect_uri`: is set beside `redirect_port`",
        ),
        (
            "authorize_parameters = { state = \"1\" }",
            "authorize_parameters`: has `state`, which the login sets; remove it",
        ),
    ];
    for (more, expected) in cases {
        let (code, text) = complaint(more, &login);
        assert_eq!(code, 78, "{text}");
        assert!(text.contains(expected), "{text}");
    }
    let (code, text) = complaint("", &["login", "demo", "--password-stdin"]);
    assert!(
        code == 64 && text.contains("leave --password-stdin out"),
        "{text}"
    );
    let without_page = Home::with(
        "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\ntoken_url = \"https://x.example/t\"",
    );
    let ran = without_page.run(&login);
    assert!(
        ran.failed(78)
            .contains("`profiles.demo.authorize_url`: is missing")
    );
}
