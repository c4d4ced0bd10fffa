//! `vendor-auth helper --protocol git`, asked by hand.

use std::io::Write as _;
use std::process::Stdio;

use token_sim::{OAuth2Server, QuectelEndUserServer};

use crate::home::{Home, Ran};

/// Asks the helper as git does.
fn ask(home: &Home, operation: &str, question: &(impl AsRef<[u8]> + ?Sized)) -> Ran {
    let arguments = ["helper", "--protocol", "git", "demo", operation];
    let mut helper = home
        .command(&arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // `capability` and `store` do not read it.
    drop(helper.stdin.take().unwrap().write_all(question.as_ref()));
    Ran::of(&helper.wait_with_output().unwrap())
}

fn host(server: &OAuth2Server) -> String {
    server
        .base_url()
        .strip_prefix("http://")
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn a_path_that_is_not_utf8_is_answered_too() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let mut question = format!("protocol=http\nhost={}\npath=caf", host(&server)).into_bytes();
    question.extend(b"\xe9.git\n\n");
    let answer = ask(&home, "get", &question);
    assert!(
        answer.ok().starts_with("username=oauth2\npassword="),
        "{answer:?}"
    );
}

#[tokio::test]
async fn git_that_knows_types_gets_the_type_and_older_git_a_password() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let question = format!("protocol=http\nhost={}\n", host(&server));
    let typed = ask(
        &home,
        "get",
        &format!("capability[]=authtype\ncapability[]=state\n{question}\n"),
    );
    let lines: Vec<_> = typed.ok().lines().collect();
    let (end, rest) = lines.split_last().unwrap();
    let credential = format!("credential={token}");
    assert_eq!(
        rest,
        [
            "capability[]=authtype",
            "authtype=Bearer",
            &credential,
            "ephemeral=1"
        ]
    );
    let end: i64 = end
        .strip_prefix("password_expiry_utc=")
        .unwrap()
        .parse()
        .unwrap();
    assert!(end > 1_700_000_000);

    let password = ask(&home, "get", &question);
    let expected = format!("username=oauth2\npassword={token}\npassword_expiry_utc={end}\n");
    assert_eq!(password.ok(), expected);
    let named = ask(&home, "get", &format!("{question}username=alice\n\n"));
    assert!(named.ok().starts_with("username=alice\n"));
}

#[tokio::test]
async fn other_hosts_ports_and_schemes_get_nothing() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let host = host(&server);
    let name = host.split(':').next().unwrap();
    for (protocol, host) in [
        ("https", &*host),
        ("http", "example.com"),
        ("http", name),
        ("http", &format!("{name}:1")),
        ("http", &format!("example.com@{host}")),
        ("http", &format!("{host}.example.com")),
        ("http", "a b"),
    ] {
        for operation in ["get", "erase"] {
            let question = format!("protocol={protocol}\nhost={host}\npassword=x\n\n");
            assert_eq!(
                ask(&home, operation, &question).ok(),
                "",
                "{protocol} {host}"
            );
        }
    }
    assert_eq!(ask(&home, "get", "host=example.com\n\n").ok(), "");
    assert_eq!(server.exchange_count(), 0);
}

#[tokio::test]
async fn what_is_not_asked_for_a_credential_has_its_own_answer() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let capability = ask(&home, "capability", "");
    assert_eq!(capability.ok(), "version 0\ncapability authtype\n");
    let question = format!(
        "protocol=http\nhost={}\nusername=a\npassword=b\n\n",
        host(&server)
    );
    assert_eq!(ask(&home, "store", &question).ok(), "");
    assert_eq!(ask(&home, "what-comes-next", &question).ok(), "");
    let alone = home.run(&["helper", "--protocol", "git", "demo"]);
    assert!(alone.failed(64).contains("credential.helper"), "{alone:?}");
    assert_eq!(server.exchange_count(), 0);
}

#[tokio::test]
async fn git_is_told_to_quit_if_there_is_no_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::with(&format!(
        "[profiles.demo]\nvendor = \"oauth2\"\ntoken_url = \"{}\"\nclient_id = \"{}\"\n\
         client_authentication = \"none\"\nallow_plain_http = true\n",
        server.token_url(),
        server.client_id()
    ));
    let question = format!("protocol=http\nhost={}\n\n", host(&server));
    let ran = ask(&home, "get", &question);
    assert_eq!((ran.code, &*ran.stdout), (77, "quit=1\n"), "{ran:?}");
    assert!(ran.stderr.contains("vendor-auth login demo"), "{ran:?}");
}

#[tokio::test]
async fn a_token_with_a_scheme_of_its_own_needs_a_git_that_knows_types() {
    let server = QuectelEndUserServer::start().await.unwrap();
    let home = Home::with(&format!(
        "[profiles.demo]\nvendor = \"quectel-end-user\"\nurl = \"{}\"\nallow_plain_http = true\n\
         refresh_token = {{ file = \"~/refresh\" }}\n",
        server.base_url(),
    ));
    let refresh = server.grant();
    std::fs::write(home.path("refresh"), refresh.refresh_token().unwrap()).unwrap();
    let host = server
        .base_url()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let question = format!("protocol=http\nhost={host}\n");
    let typed = ask(
        &home,
        "get",
        &format!("capability[]=authtype\n{question}\n"),
    );
    let text = typed.ok().to_owned();
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let (scheme, rest) = token.split_once(' ').unwrap();
    let expected = format!("capability[]=authtype\nauthtype={scheme}\ncredential={rest}\n");
    assert!(text.starts_with(&expected), "{text}");
    let basic = ask(&home, "get", &question);
    assert_eq!((basic.code, &*basic.stdout), (78, "quit=1\n"));
    assert!(basic.stderr.contains("use a newer git") && !basic.stderr.contains(rest));
    let before = server.exchange_count();
    let refused = format!("{question}authtype={scheme}\ncredential={rest}\n\n");
    assert_eq!(ask(&home, "erase", &refused).code, 0);
    assert_eq!(server.exchange_count(), before + 1);
}

#[tokio::test]
async fn fifty_erases_of_one_token_cost_one_exchange() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    server.revoke_access_token();
    let question = format!(
        "protocol=http\nhost={}\nusername=oauth2\npassword=",
        host(&server)
    );
    let spawn = |_| {
        let mut helper = home
            .command(&["helper", "--protocol", "git", "demo", "erase"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stdin = helper.stdin.take().unwrap();
        stdin
            .write_all(format!("{question}{token}\n\n").as_bytes())
            .unwrap();
        helper
    };
    let helpers: Vec<_> = (0..50).map(spawn).collect();
    for helper in helpers {
        let ran = Ran::of(&helper.wait_with_output().unwrap());
        assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
        assert!(ran.stderr.contains("has been replaced"), "{ran:?}");
    }
    assert_eq!(server.exchange_count(), 2);
    let other = ask(&home, "erase", &format!("{question}something else\n\n"));
    assert_eq!((other.code, server.exchange_count()), (0, 2));
}

#[tokio::test]
async fn a_new_token_that_is_refused_too_is_not_replaced_again() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let question = format!("protocol=http\nhost={}\npassword=", host(&server));
    let refuse = || {
        let token = home.run(&["token", "demo"]).ok().to_owned();
        ask(&home, "erase", &format!("{question}{token}\n"))
    };
    assert!(refuse().stderr.contains("try again"));
    assert!(refuse().stderr.contains("not at fault"));
    assert!(refuse().stderr.contains("not at fault"));
    assert_eq!(server.exchange_count(), 2);
}
