//! `vendor-auth logout`.

use token_sim::OAuth2Server;

use super::{Started, authorize, come_back, person, run};
use crate::home::Home;

fn log_in(home: &Home, server: &OAuth2Server) {
    let started = Started::headless(home, server);
    let redirect = authorize(&started);
    assert_eq!(come_back(&redirect).status, 303);
    assert_eq!(started.finish().code, 0);
}

#[tokio::test]
async fn after_a_logout_there_is_no_token_until_the_next_login() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let before = run(&home, &server, &["token", "demo"]);
    assert_eq!(
        before.failed(77),
        "vendor-auth: demo: nobody has logged in yet; run `vendor-auth login demo`\n"
    );
    let status = run(&home, &server, &["status", "demo"]);
    assert_eq!(status.code, 77, "{status:?}");
    let text = "demo: not logged in (OAuth 2.0)\n  log in with `vendor-auth login demo`\n";
    assert_eq!(status.stdout, text);
    let nothing = run(&home, &server, &["logout", "demo"]);
    assert_eq!(nothing.code, 0);
    assert_eq!(
        nothing.stderr,
        "demo: logged out; there was no token to revoke\n"
    );
    log_in(&home, &server);
    let ended = run(&home, &server, &["logout", "demo"]);
    assert_eq!((ended.code, &*ended.stdout), (0, ""));
    assert_eq!(
        ended.stderr,
        "demo: logged out, and the vendor revoked the token\n"
    );
    let refused = run(&home, &server, &["token", "demo"]);
    assert!(refused.failed(77).contains("`vendor-auth login demo`"));
    log_in(&home, &server);
    run(&home, &server, &["token", "demo"]).ok();
}

#[tokio::test]
async fn a_vendor_that_does_not_revoke_is_told_and_the_logout_stands() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    log_in(&home, &server);
    server.refuse_connections().await.unwrap();
    let ended = run(&home, &server, &["logout", "demo"]);
    let text = ended.failed(75);
    assert!(text.starts_with("demo: logged out, but the vendor did not revoke the token"));
    run(&home, &server, &["token", "demo"]).failed(77);
}

#[tokio::test]
async fn a_program_that_logs_in_itself_is_told_what_a_logout_is() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    home.run(&["token", "demo"]).ok();
    let ended = home.run(&["logout", "demo"]);
    assert_eq!(ended.code, 0, "{ended:?}");
    assert!(
        ended
            .stderr
            .contains("the next `vendor-auth token demo` logs in again by itself")
    );
    home.run(&["token", "demo"]).ok();
}
