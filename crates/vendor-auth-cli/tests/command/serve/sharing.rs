//! Tokens that other processes bring, and what they end.

use std::fs;

use token_sim::OAuth2Server;

use super::process::Serving;
use crate::home::Home;

#[tokio::test]
async fn the_token_of_another_process_is_served_written_and_shown_before_ours_is_due() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let hook = "echo hook $VENDOR_AUTH_GENERATION";
    let arguments = ["--sink", "demo:text:t:0600", "--on-refresh", hook];
    let serving = Serving::on_a_port(&home, &arguments);
    serving.line_with("hook 1");
    let newer = home.run(&["token", "demo", "--force"]).ok().to_owned();
    // The store is read each second.
    serving.line_with("hook 2");
    assert_eq!(fs::read_to_string(home.path("t")).unwrap(), newer);
    assert_eq!(serving.get("/token/demo").token(), newer.trim_end());
    assert!(serving.get("/").body.contains("generation 2"));
    assert_eq!(server.exchange_count(), 2);
}

#[tokio::test]
async fn a_logout_by_another_process_ends_what_is_served() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_grant(&server, server.grant().refresh_token().unwrap());
    let serving = Serving::on_a_port(&home, &[]);
    serving.get("/token/demo").token();
    assert_eq!(home.run(&["logout", "demo"]).code, 0);
    serving.line_with("demo: the grant was logged out");
    assert_eq!(serving.get("/token/demo").refused(409), "login_required");
    assert_eq!(serving.get("/readyz").body, "demo: logged out\n");
    assert!(serving.get("/").body.contains("the grant was logged out"));
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn a_logout_of_a_program_that_logs_in_itself_is_noticed_and_stands_until_a_client_asks() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let first = serving.get("/token/demo").token();
    assert_eq!(home.run(&["logout", "demo"]).code, 0);
    serving.line_with("demo: the grant was logged out; the next client");
    assert_eq!(serving.get("/readyz").body, "demo: logged out\n");
    let page = serving.get("/").body;
    assert!(page.contains("The next client that asks for a token logs in again."));
    assert_eq!(server.exchange_count(), 1);
    assert_ne!(serving.get("/token/demo").token(), first);
    assert_eq!(server.exchange_count(), 2);
}
