//! A person whose browser is on another machine.

use token_sim::{OAuth2Server, PrivateCloudServer};

use super::{Started, authorize, come_back, command, person, run};
use crate::home::Home;

#[tokio::test]
async fn the_redirect_is_pasted_whole_or_its_query_alone() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(
        &server,
        "redirect_uri = \"https://app.example.com/callback\"",
    );
    let arguments = ["login", "demo", "--no-browser"];
    for whole in [true, false] {
        let mut started = Started::new(command(&home, &server, &arguments));
        let redirect = authorize(&started);
        assert!(redirect.starts_with("https://app.example.com/callback?code="));
        let query = redirect.split_once('?').unwrap().1;
        started.paste("code=attackers&state=forged");
        started.wait_for("This redirect was not accepted: it belongs to another login");
        started.paste(if whole { &redirect } else { query });
        let ran = started.finish();
        assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    }
    run(&home, &server, &["token", "demo"]).ok();
}

#[tokio::test]
async fn the_end_of_the_input_ends_the_login() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(
        &server,
        "redirect_uri = \"https://app.example.com/callback\"",
    );
    let none = run(&home, &server, &["login", "demo", "--no-browser"]);
    assert!(none.failed(77).contains("no redirect was pasted"));
    let arguments = ["login", "demo", "--no-browser"];
    let mut started = Started::new(command(&home, &server, &arguments));
    started.paste("what is this?");
    let wrong = started.finish();
    assert!(
        wrong
            .failed(77)
            .contains("the redirect was not accepted: it ")
    );
    assert_eq!(server.exchange_count(), 0);
}

#[tokio::test]
async fn a_private_cloud_is_logged_in_to_both_ways() {
    let server = PrivateCloudServer::start().await.unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .unwrap()
        .port();
    let home = |redirect_uri: &str| {
        let home = Home::with(&format!(
            r#"
[profiles.demo]
vendor = "private-cloud"
url = "{}"
client_id = "{}"
client_secret = {{ file = "~/secret" }}
redirect_uri = "{redirect_uri}"
allow_plain_http = true
"#,
            server.url(""),
            server.client_id(),
        ));
        std::fs::write(home.path("secret"), server.client_secret()).unwrap();
        home
    };
    let arguments = ["login", "demo", "--no-browser"];

    let local = home(&format!("http://localhost:{port}/cloud"));
    let started = Started::new(local.command(&arguments));
    let redirect = authorize(&started);
    assert!(redirect.starts_with(&format!("http://localhost:{port}/cloud?")));
    assert_eq!(come_back(&redirect).status, 303);
    let ran = started.finish();
    assert_eq!(ran.code, 0, "{ran:?}");
    local.run(&["token", "demo"]).ok();

    let elsewhere = home("https://app.example.com/cloud");
    let mut started = Started::new(elsewhere.command(&arguments));
    let redirect = authorize(&started);
    started.paste(&redirect);
    assert_eq!(started.finish().code, 0);
    elsewhere.run(&["token", "demo"]).ok();
    let ended = elsewhere.run(&["logout", "demo"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(ended.stderr.contains("the vendor cannot revoke tokens"));
    elsewhere.run(&["token", "demo"]).failed(77);
}
