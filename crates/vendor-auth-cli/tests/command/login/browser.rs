//! A person with a browser on this machine.

use std::fs;
use std::process::Stdio;

use token_sim::{Fault, OAuth2Server};

use super::{Started, authorize, come_back, command, curl, person, run, set_browser};
use crate::home::Ran;

#[tokio::test]
async fn the_browser_comes_back_and_shows_that_the_person_is_logged_in() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let mut login = command(&home, &server, &["login", "demo"]);
    set_browser(
        &home,
        &mut login,
        "env > \"$HOME/environment\"; exec curl -sSLi --noproxy '*' \"$1\" > \"$HOME/page\"",
    );
    let page = home.written_to("page");
    let ran = Ran::of(&login.output().unwrap());
    assert_eq!((ran.code, &*ran.stdout), (0, ""), "{ran:?}");
    assert!(
        ran.stderr
            .contains("demo: logged in (OAuth 2.0); the token expires at 20")
            && ran.stderr.contains("Z (in 119 min)"),
        "{}",
        ran.stderr
    );
    let page = page.join().unwrap();
    assert!(page.contains("HTTP/1.1 303 See Other"), "{page}");
    assert!(page.contains("<h1>You are logged in</h1>"), "{page}");
    for header in [
        "cache-control: no-store",
        "content-security-policy: default-src 'none'; style-src 'sha256-",
        "referrer-policy: no-referrer",
    ] {
        assert_eq!(page.matches(header).count(), 3, "{header} in {page}");
    }
    let environment = fs::read_to_string(home.path("environment")).unwrap();
    assert!(environment.contains("DISPLAY=:0") && !environment.contains("DEMO_SECRET"));
    run(&home, &server, &["token", "demo"]).ok();
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn only_the_redirect_is_answered() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "redirect_path = \"/back\"");
    let started = Started::headless(&home, &server);
    let redirect = authorize(&started);
    let (site, query) = redirect.split_once("/back").unwrap();
    let status = |arguments: &[&str]| curl(arguments).status;
    let back = format!("{site}/back{query}");
    assert_eq!(status(&[&format!("{site}/favicon.ico")]), 404);
    assert_eq!(status(&[&format!("{site}/")]), 404);
    assert_eq!(status(&[&format!("{site}/back/done")]), 404);
    assert_eq!(status(&["-X", "POST", &back]), 405);
    assert_eq!(status(&["--head", &back]), 405);
    assert_eq!(status(&["-H", "Host: attacker.example", &back]), 421);
    assert_eq!(server.exchange_count(), 0);
    let answered = curl(&[&back]);
    assert_eq!((answered.status, &*answered.location), (303, "/back/done"));
    let last = curl(&[&format!("{site}/back/done")]);
    assert_eq!(last.status, 200, "{last:?}");
    assert_eq!(started.finish().code, 0);
}

#[tokio::test]
async fn a_redirect_of_somebody_else_is_told_apart_and_the_login_goes_on() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let mut started = Started::headless(&home, &server);
    let redirect = authorize(&started);
    let (site, _) = redirect.split_once('?').unwrap();
    for forged in [
        "code=attackers&state=forged",
        "error=access_denied&state=forged",
        "code=attackers",
        "state=a&state=b",
        "",
    ] {
        let answered = curl(&[&format!("{site}?{forged}")]);
        assert_eq!(answered.status, 400, "{answered:?}");
        assert!(
            answered
                .text
                .contains("This is not the login that is under way")
        );
        started.wait_for("A redirect was not accepted: it ");
    }
    assert_eq!(server.exchange_count(), 0);
    assert_eq!(curl(&[&redirect]).status, 303);
    let again = curl(&[&redirect]);
    assert_eq!(again.status, 409, "{again:?}");
    assert!(again.text.contains("This login was answered before"));
    assert_eq!(curl(&[&format!("{site}/done")]).status, 200);
    assert_eq!(started.finish().code, 0);
}

#[tokio::test]
async fn a_person_who_declines_is_told_so_in_both_places() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    for (error, code) in [("access_denied", 77), ("invalid_scope", 78)] {
        let started = Started::headless(&home, &server);
        let redirect = authorize(&started);
        let (site, query) = redirect.split_once('?').unwrap();
        let state = query
            .split('&')
            .find(|it| it.starts_with("state="))
            .unwrap();
        let said = "error_description=%3Cscript%3Eno%3C%2Fscript%3E";
        let last = come_back(&format!("{site}?error={error}&{said}&{state}"));
        assert_eq!(last.status, 303, "{last:?}");
        assert!(last.text.contains("HTTP/1.1 400 Bad Request"), "{last:?}");
        assert!(
            last.text.contains("<h1>The login failed</h1>")
                && last.text.contains(error)
                && !last.text.contains("<script"),
            "{last:?}"
        );
        let ran = started.finish();
        assert!(ran.failed(code).contains(error), "{ran:?}");
    }
    run(&home, &server, &["token", "demo"]).failed(77);
}

#[tokio::test]
async fn a_code_that_was_used_before_is_refused() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let started = Started::headless(&home, &server);
    let redirect = authorize(&started);
    let code = redirect.split("code=").nth(1).unwrap();
    let code = code.split('&').next().unwrap();
    let stolen = curl(&[
        &server.token_url(),
        "-u",
        &format!("{}:{}", server.client_id(), server.client_secret()),
        "-d",
        &format!("grant_type=authorization_code&code={code}"),
    ]);
    assert_ne!(stolen.status, 200, "without the verifier a code is nothing");
    assert_eq!(come_back(&redirect).status, 303);
    let ran = started.finish();
    assert!(ran.failed(77).contains("invalid_grant"), "{ran:?}");
    assert!(!ran.stderr.contains(code), "{ran:?}");
}

#[tokio::test]
async fn nobody_who_comes_ends_the_login_in_time() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let ran = run(
        &home,
        &server,
        &["login", "demo", "--no-browser", "--timeout", "0"],
    );
    let text = ran.failed(77);
    assert!(text.contains("demo: nobody logged in within 0 s"), "{text}");
}

#[tokio::test]
async fn a_machine_without_a_browser_asks_for_the_redirect() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let mut started = Started::new(command(&home, &server, &["login", "demo"]));
    started.wait_for("No browser could be opened here");
    let redirect = authorize(&started);
    started.paste(&redirect);
    assert_eq!(started.finish().code, 0);
}

#[tokio::test]
async fn two_logins_at_once_each_have_their_own_port_and_both_succeed() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    let (one, other) = (
        Started::headless(&home, &server),
        Started::headless(&home, &server),
    );
    let (first, second) = (authorize(&one), authorize(&other));
    let port = |url: &str| url.split('/').nth(2).unwrap().to_owned();
    assert_ne!(port(&first), port(&second));
    // The redirect of one is nothing to the other.
    let crossed = first.replace(&port(&first), &port(&second));
    assert_eq!(curl(&[&crossed]).status, 400);
    assert_eq!(come_back(&first).status, 303);
    assert_eq!(come_back(&second).status, 303);
    assert_eq!((one.finish().code, other.finish().code), (0, 0));
    run(&home, &server, &["token", "demo"]).ok();
    assert_eq!(server.exchange_count(), 2);
}

#[tokio::test]
async fn a_port_that_is_taken_is_named() {
    let server = OAuth2Server::start().await.unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let home = person(&server, &format!("redirect_port = {port}"));
    let ran = run(&home, &server, &["login", "demo", "--no-browser"]);
    let text = ran.failed(75);
    assert!(
        text.contains(&format!("127.0.0.1:{port} is in use")),
        "{text}"
    );
    drop(taken);
    let started = Started::headless(&home, &server);
    let redirect = authorize(&started);
    assert!(redirect.starts_with(&format!("http://127.0.0.1:{port}/callback?")));
    assert_eq!(come_back(&redirect).status, 303);
    assert_eq!(started.finish().code, 0);
}

#[tokio::test]
async fn a_signal_ends_the_login_and_leaves_nothing_behind() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "");
    for (signal, code) in [("-INT", 130), ("-QUIT", 131), ("-TERM", 143), ("-HUP", 129)] {
        let started = Started::headless_in_terminal(&home, &server);
        let id = started.process.id().to_string();
        let killed = std::process::Command::new("kill")
            .args([signal, &id])
            .stdout(Stdio::null())
            .status();
        assert!(killed.unwrap().success());
        let ran = started.finish();
        assert!(ran.failed(code).ends_with("vendor-auth: interrupted\n"));
    }
    assert_eq!(server.exchange_count(), 0);
}

#[tokio::test]
async fn a_token_request_that_fails_is_told_in_the_browser_too() {
    let server = OAuth2Server::start().await.unwrap();
    let home = person(&server, "authorize_parameters = { prompt = \"consent\" }");
    let started = Started::headless(&home, &server);
    assert!(started.url.ends_with("&prompt=consent"), "{}", started.url);
    let redirect = authorize(&started);
    server.fault(Fault::status(503).until_cleared());
    let last = come_back(&redirect);
    assert_eq!(last.status, 303);
    assert!(last.text.contains("The login failed"), "{last:?}");
    assert_eq!(started.finish().code, 75);
}
