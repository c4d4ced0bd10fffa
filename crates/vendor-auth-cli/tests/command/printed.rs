//! How `vendor-auth token` prints a token.

use std::fs;

use serde_json::Value;
use token_sim::{EnosServer, OAuth2Server};

use crate::home::{Home, assert_private};

#[tokio::test]
async fn json_has_the_token_its_end_and_never_the_refresh_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let ran = home.run(&["token", "demo", "--output", "json"]);
    let object: Value = serde_json::from_str(ran.ok()).unwrap();
    let keys: Vec<_> = object.as_object().unwrap().keys().cloned().collect();
    let expected = [
        "access_token",
        "expires_at",
        "expires_in",
        "generation",
        "token_type",
    ];
    assert_eq!(keys, expected);
    assert_eq!(object["token_type"], "Bearer");
    assert_eq!(object["generation"], 1);
    let left = object["expires_in"].as_u64().unwrap();
    assert!((7100..=7200).contains(&left), "{left}");
    let end = object["expires_at"].as_str().unwrap();
    assert!(end.contains('T') && end.ends_with('Z'), "{end}");
}

#[tokio::test]
async fn each_format_is_what_its_reader_expects() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let printed = |format: &str| home.run(&["token", "demo", "-o", format]).ok().to_owned();
    assert_eq!(
        printed("header"),
        format!("Authorization: Bearer {token}\n")
    );
    assert!(printed("env").starts_with(&format!(
        "export ACCESS_TOKEN='{token}'\nexport ACCESS_TOKEN_EXPIRES_AT='"
    )));
    assert!(printed("dotenv").starts_with(&format!(
        "ACCESS_TOKEN='{token}'\nACCESS_TOKEN_EXPIRES_AT='"
    )));
    assert_eq!(
        printed("netrc"),
        format!("machine 127.0.0.1 login oauth2 password {token}\n")
    );
    let envoy = printed("envoy");
    assert!(
        envoy.contains(&format!("inline_string: \"Bearer {token}\"\n")),
        "{envoy}"
    );
}

#[tokio::test]
async fn a_file_is_replaced_at_once_and_only_its_owner_reads_it() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let path = home.path("token.json");
    fs::write(&path, "what was there").unwrap();
    let arguments = ["token", "demo", "-o", "json", "--file", "token.json"];
    assert_eq!(home.run(&arguments).ok(), "");
    assert_private(&path);
    let object: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
    assert!(object["access_token"].is_string());
    let unwritable = home.run(&["token", "demo", "--file", "missing/token"]);
    assert!(unwritable.failed(74).contains("missing/token: "));
}

#[cfg(unix)]
#[tokio::test]
async fn a_link_a_pipe_and_a_directory_are_not_replaced_by_a_file() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    std::os::unix::fs::symlink("elsewhere", home.path("link")).unwrap();
    home.fifo("pipe");
    fs::create_dir(home.path("directory")).unwrap();
    for (name, why) in [
        ("link", "link is a symbolic link; write the file"),
        ("pipe", "pipe is no file"),
        ("directory", "directory is a directory"),
    ] {
        let before = fs::symlink_metadata(home.path(name)).unwrap().file_type();
        let ran = home.run(&["token", "demo", "--file", name]);
        assert!(ran.failed(74).contains(why), "{ran:?}");
        let after = fs::symlink_metadata(home.path(name)).unwrap().file_type();
        assert_eq!(before, after, "{name}");
    }
}

#[tokio::test]
async fn netrc_has_each_host_once_and_no_token_that_is_no_password() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client_with(
        &server,
        "api_urls = [\"http://127.0.0.1:1\", \"http://[::1]:1\"]",
    );
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let netrc = home.run(&["token", "demo", "-o", "netrc"]);
    let entry = |host: &str| format!("machine {host} login oauth2 password {token}\n");
    assert_eq!(netrc.ok(), entry("127.0.0.1") + &entry("::1"));

    let vendor = EnosServer::start().await.unwrap();
    let enos = Home::of_enos(&vendor);
    let ran = enos.run(&["token", "demo", "-o", "netrc"]);
    assert!(
        ran.failed(78).contains("which netrc cannot carry"),
        "{ran:?}"
    );
}
