//! A git repository over HTTP, for those whose token the simulated API accepts.

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::http_server::{self, HttpServer, Request};

/// A repository over HTTP, for those whose token the simulated API accepts.
pub(crate) struct Repository {
    pub(crate) server: HttpServer,
    _directory: tempfile::TempDir,
}

impl Repository {
    pub(crate) fn start(git: &Path, resource_url: String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let root = directory.path().to_owned();
        let made = Command::new("sh")
            .arg("-c")
            .arg(
                "set -e; \"$GIT\" init -q work; cd work; echo hello >file; \"$GIT\" add file; \
                 \"$GIT\" -c user.name=a -c user.email=a@example.com commit -qm first; cd ..; \
                 \"$GIT\" clone -q --bare work demo.git; \
                 \"$GIT\" -C demo.git config http.receivepack true",
            )
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap())
            .env("GIT", git)
            .env("HOME", &root)
            .current_dir(&root)
            .status()
            .unwrap();
        assert!(made.success());
        let git = git.to_owned();
        let server = HttpServer::start(move |request| {
            let authorization = request.header("authorization").unwrap_or_default();
            match http_server::accepts(&resource_url, &as_bearer(authorization)) {
                true => backend(&git, &root, request),
                false => http_server::answer(
                    "401 Unauthorized",
                    &[
                        "WWW-Authenticate: Bearer error=\"invalid_token\"",
                        "WWW-Authenticate: Basic realm=\"git\"",
                    ],
                ),
            }
        });
        Self {
            server,
            _directory: directory,
        }
    }
}

/// Takes a password for a token, as git servers do.
fn as_bearer(authorization: &str) -> String {
    let Some(encoded) = authorization.strip_prefix("Basic ") else {
        return authorization.to_owned();
    };
    let decoded = String::from_utf8(STANDARD.decode(encoded).unwrap()).unwrap();
    format!("Bearer {}", decoded.split_once(':').unwrap().1)
}

/// Answers with git's own CGI program.
fn backend(git: &Path, root: &Path, request: &Request) -> Vec<u8> {
    let (path, query) = request
        .target
        .split_once('?')
        .unwrap_or((&request.target, ""));
    let mut process = Command::new(git)
        .arg("http-backend")
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("GIT_PROJECT_ROOT", root)
        .env("GIT_HTTP_EXPORT_ALL", "1")
        .env("PATH_INFO", path)
        .env("QUERY_STRING", query)
        .env("REQUEST_METHOD", &request.method)
        .env("REMOTE_USER", "a")
        .env("REMOTE_ADDR", "127.0.0.1")
        .env(
            "CONTENT_TYPE",
            request.header("content-type").unwrap_or_default(),
        )
        .env("CONTENT_LENGTH", request.body.len().to_string())
        .env(
            "HTTP_CONTENT_ENCODING",
            request.header("content-encoding").unwrap_or_default(),
        )
        .env(
            "GIT_PROTOCOL",
            request.header("git-protocol").unwrap_or_default(),
        )
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    process
        .stdin
        .take()
        .unwrap()
        .write_all(&request.body)
        .unwrap();
    let output = process.wait_with_output().unwrap().stdout;
    [b"HTTP/1.1 200 OK\r\nConnection: close\r\n", &*output].concat()
}
