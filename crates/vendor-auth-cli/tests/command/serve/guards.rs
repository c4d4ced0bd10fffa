//! Who gets no answer.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::Command;

use token_sim::OAuth2Server;
use tokio::net::{UnixSocket, UnixStream};

use super::http;
use super::process::Serving;
use crate::home::{Home, assert_private};

#[tokio::test]
async fn a_token_over_a_port_needs_the_guard_header_and_the_bearer() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    assert_private(serving.bearer_path());
    let bearer = format!("Authorization: Bearer {}", serving.bearer());
    let guard = "X-Vendor-Auth: true";
    let with = |path: &str, headers: &[&str]| {
        let headers = headers.join("\n");
        serving.ask(&format!("GET {path} HTTP/1.1\nHost: 127.0.0.1\n{headers}"))
    };
    for path in ["/token/demo", "/token/other", "/auth/demo"] {
        assert_eq!(with(path, &[&bearer]).refused(403), "guard_header");
        assert_eq!(
            with(path, &[&bearer, "X-Vendor-Auth: false"]).refused(403),
            "guard_header"
        );
        let unknown = with(path, &[guard]);
        assert_eq!(unknown.refused(401), "bearer");
        assert_eq!(unknown.headers["www-authenticate"], "Bearer");
        let name = serving.bearer_path().display().to_string();
        assert!(unknown.body.contains(&name), "{unknown:?}");
        let wrong = "Authorization: Bearer 0123456789abcdef";
        assert_eq!(with(path, &[guard, wrong]).refused(401), "bearer");
    }
    assert!(!with("/token/demo", &[guard, &bearer]).token().is_empty());
    for scheme in ["bearer", "BEARER", "Bearer "] {
        let sent = format!("Authorization: {scheme} {}", serving.bearer());
        assert!(!with("/token/demo", &[guard, &sent]).token().is_empty());
    }
    for other in ["Basic", "Bearerer", "Bearer\t"] {
        let sent = format!("Authorization: {other} {}", serving.bearer());
        assert_eq!(with("/token/demo", &[guard, &sent]).refused(401), "bearer");
    }
    // A browser's request for leave to send the header from another site gets none.
    let preflight = serving.ask(
        "OPTIONS /token/demo HTTP/1.1\nHost: 127.0.0.1\nOrigin: https://evil.example\n\
         Access-Control-Request-Method: GET\nAccess-Control-Request-Headers: x-vendor-auth",
    );
    assert!(preflight.status >= 400, "{preflight:?}");
    let allows = |name: &String| name.starts_with("access-control-");
    assert!(!preflight.headers.keys().any(allows), "{preflight:?}");
    // What has no secret is for browsers and for Prometheus.
    for path in ["/", "/style.css", "/healthz", "/metrics"] {
        assert_eq!(with(path, &["Accept: */*"]).status, 200, "{path}");
    }
}

#[tokio::test]
async fn a_host_that_is_not_loopback_is_refused_everywhere() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let serving = Serving::on_a_port(&home, &[]);
    let rest = format!(
        "X-Vendor-Auth: true\nAuthorization: Bearer {}",
        serving.bearer()
    );
    for path in ["/token/demo", "/", "/metrics", "/healthz", "/nothing"] {
        for host in [
            "evil.example",
            "127.0.0.1.evil.example:80",
            "10.0.0.1",
            "",
            "a@localhost",
        ] {
            let answer = serving.ask(&format!("GET {path} HTTP/1.1\nHost: {host}\n{rest}"));
            assert_eq!(answer.refused(403), "host", "{path} {host}");
        }
    }
    let wrong = [
        "GET /token/demo HTTP/1.0",
        "GET http://evil.example/token/demo HTTP/1.1\nHost: 127.0.0.1",
        "GET /token/demo HTTP/1.1\nHost: 127.0.0.1\nHost: evil.example",
    ];
    for request in wrong {
        assert_eq!(
            serving.ask(&format!("{request}\n{rest}")).refused(403),
            "host",
            "{request}"
        );
    }
    for host in ["localhost", "[::1]:8080", "127.0.0.1:1"] {
        let answer = serving.ask(&format!("GET /token/demo HTTP/1.1\nHost: {host}\n{rest}"));
        assert!(!answer.token().is_empty(), "{host}");
    }
}

#[tokio::test]
async fn proxied_requests_and_paths_upwards_are_refused_on_port_and_socket() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let path = home.path("s.sock");
    let serving = Serving::on_both(&home, &path);
    let rest = format!(
        "Host: localhost\nX-Vendor-Auth: true\nAuthorization: Bearer {}",
        serving.bearer()
    );
    let both = |request: &str| {
        let request = format!("{request}\n{rest}");
        [serving.ask(&request), http::over_unix(&path, &request)]
    };
    for header in [
        "X-Forwarded-For: 10.0.0.1",
        "Forwarded: for=10.0.0.1",
        "X-Real-IP: 10.0.0.1",
    ] {
        for answer in both(&format!("GET /token/demo HTTP/1.1\n{header}")) {
            assert_eq!(answer.refused(403), "forwarded", "{header}");
        }
    }
    for upwards in [
        "/token/../token/demo",
        "/%2e%2e/token/demo",
        "/token/demo/..%2f",
    ] {
        for answer in both(&format!("GET {upwards} HTTP/1.1")) {
            assert_eq!(answer.refused(400), "path", "{upwards}");
        }
    }
    for answer in both("GET /token/demo HTTP/1.1") {
        assert!(!answer.token().is_empty());
    }
}

#[tokio::test]
async fn another_user_cannot_connect_to_the_socket_and_is_closed_out_if_its_mode_is_changed() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let open = tempfile::tempdir().unwrap();
    fs::set_permissions(open.path(), Permissions::from_mode(0o755)).unwrap();
    let path = open.path().join("s.sock");
    let unix = format!("unix:{}", path.display());
    let serving = Serving::start(&home, home.command(&["serve", "--listen", &unix]), 1);

    let refused = asks_as_another_user(&path);
    assert!(refused.contains("curl: (7)"), "{refused}");

    fs::set_permissions(&path, Permissions::from_mode(0o666)).unwrap();
    let closed = asks_as_another_user(&path);
    assert!(closed.contains("curl: ("), "{closed}");
    // It was let in by the mode, and closed for its credentials.
    serving.line_with("refused a connection of user ");
    let own = http::over_unix(&path, "GET /token/demo HTTP/1.1\nHost: localhost");
    assert!(!own.token().is_empty());
}

#[tokio::test]
async fn the_socket_of_a_process_that_is_too_busy_to_accept_is_not_taken() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let path = home.path("s.sock");
    let socket = UnixSocket::new_stream().unwrap();
    socket.bind(&path).unwrap();
    let _listener = socket.listen(0).unwrap();
    let mut queued = Vec::new();
    while let Ok(stream) = UnixStream::connect(&path).await {
        queued.push(stream);
    }
    let ran = home.run(&["serve", "--listen", "unix:s.sock"]);
    let text = ran.failed(74);
    assert!(text.contains("another process serves there"), "{text}");
    assert!(path.exists());
}

/// Returns what curl says if another user runs it.
fn asks_as_another_user(socket: &Path) -> String {
    let mut command = match rustix::process::geteuid().is_root() {
        true => {
            let mut command = Command::new("curl");
            command.uid(65_534).gid(65_534);
            command
        }
        false => {
            let mut command = Command::new("sudo");
            command.args(["-n", "-u", "nobody", "curl"]);
            command
        }
    };
    command
        .args(["-sS", "http://localhost/token/demo", "--unix-socket"])
        .arg(socket);
    let output = command.current_dir("/").output().unwrap();
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_would_let_others_in_is_a_wrong_command_line() {
    let home = Home::with(
        "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\n\
        grant = \"client_credentials\"\ntoken_url = \"https://127.0.0.1:1/\"\n\
        client_secret = { env = \"S\" }",
    );
    let run = |arguments: &[&str]| {
        let arguments = [&["serve"], arguments].concat();
        let output = home
            .command(&arguments)
            .env("S", "secret")
            .output()
            .unwrap();
        crate::home::Ran::of(&output)
    };
    let everywhere = run(&["--listen", "0.0.0.0:8080"]);
    assert!(
        everywhere
            .failed(64)
            .contains("can be reached from other machines")
    );
    let sink = run(&["--sink", "demo:json:/tmp/x:0666"]);
    assert!(sink.failed(64).contains("lets others write"));
    let other = run(&["--sink", "other:json:/tmp/x:0600"]);
    assert!(other.failed(78).contains("there is no profile `other`"));
    assert!(run(&["--once"]).failed(64).contains("add --sink"));
    fs::write(home.path("bearer"), "0123456789abcdef").unwrap();
    fs::set_permissions(home.path("bearer"), Permissions::from_mode(0o644)).unwrap();
    let readable = run(&["--listen", "127.0.0.1:0", "--bearer-file", "bearer"]);
    assert!(
        readable
            .failed(74)
            .contains("other users have access to it; run `chmod 600`")
    );
    fs::set_permissions(home.path("bearer"), Permissions::from_mode(0o600)).unwrap();
    fs::write(home.path("bearer"), "short").unwrap();
    let short = run(&["--listen", "127.0.0.1:0", "--bearer-file", "bearer"]);
    assert!(
        short
            .failed(74)
            .contains("at least 16 visible ASCII characters")
    );
    fs::write(home.path("bearer"), "0123456789abcdef").unwrap();
    // Only root can give a file away.
    if std::os::unix::fs::chown(home.path("bearer"), Some(65_534), None).is_ok() {
        let foreign = run(&["--listen", "127.0.0.1:0", "--bearer-file", "bearer"]);
        assert!(foreign.failed(74).contains("belongs to another user"));
    }
    let long = fs::File::create(home.path("long")).unwrap();
    long.set_permissions(Permissions::from_mode(0o600)).unwrap();
    long.set_len(5 << 20).unwrap();
    let long = run(&["--listen", "127.0.0.1:0", "--bearer-file", "long"]);
    assert!(long.failed(74).contains("has more than 4 MiB"));
    let same = ["--sink", "demo:json:t:0600", "--sink", "demo:text:./t:0640"];
    assert!(run(&same).failed(64).contains("has the same file"));
    fs::write(home.path("s.sock"), "a file").unwrap();
    let file = run(&["--listen", "unix:s.sock"]);
    assert!(file.failed(74).contains("is a file, not a socket"));
    assert_eq!(fs::read_to_string(home.path("s.sock")).unwrap(), "a file");
}
