//! `vendor-auth helper --protocol kubernetes`, asked by hand and by real kubectl.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use token_sim::{OAuth2Server, QuectelEndUserServer, Tls};

use crate::home::{Home, Ran};

fn ask(home: &Home, info: Option<&str>) -> Ran {
    let mut helper = home.command(&["helper", "--protocol", "kubernetes", "demo"]);
    if let Some(info) = info {
        helper.env("KUBERNETES_EXEC_INFO", info);
    }
    Ran::of(&helper.output().unwrap())
}

fn info(version: &str) -> String {
    let spec = json!({ "interactive": false });
    json!({ "apiVersion": version, "kind": "ExecCredential", "spec": spec }).to_string()
}

#[tokio::test]
async fn the_answer_has_the_version_that_the_client_asks_for() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    for version in ["v1", "v1beta1"] {
        let version = format!("client.authentication.k8s.io/{version}");
        let ran = ask(&home, Some(&info(&version)));
        let answer: Value = serde_json::from_str(ran.ok()).unwrap();
        let end = &answer["status"]["expirationTimestamp"];
        let status = json!({ "token": token, "expirationTimestamp": end });
        let expected = json!({ "apiVersion": version, "kind": "ExecCredential", "status": status });
        assert_eq!(answer, expected);
        // Such as 2026-11-26T12:00:00Z.
        assert_eq!(end.as_str().unwrap().len(), 20, "{end}");
    }
    let by_hand = ask(&home, None);
    assert!(by_hand.ok().contains("\"client.authentication.k8s.io/v1\""));
}

#[tokio::test]
async fn an_unknown_version_and_nonsense_say_what_to_write() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let unknown = ask(&home, Some(&info("client.authentication.k8s.io/v1alpha1")));
    let text = unknown.failed(64);
    assert!(
        text.contains("/v1 or client.authentication.k8s.io/v1beta1"),
        "{text}"
    );
    assert!(
        ask(&home, Some("{"))
            .failed(64)
            .contains("KUBERNETES_EXEC_INFO is not")
    );
    assert_eq!(server.exchange_count(), 0);
}

#[tokio::test]
async fn a_cluster_outside_of_the_profile_gets_no_token() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client(&server);
    let ask_for = |cluster: &str| {
        let mut info: Value =
            serde_json::from_str(&info("client.authentication.k8s.io/v1")).unwrap();
        info["spec"]["cluster"] = json!({ "server": cluster });
        ask(&home, Some(&info.to_string()))
    };
    let text = ask_for("https://cluster.example.com:6443")
        .failed(78)
        .to_owned();
    assert!(
        text.contains("`profiles.demo.api_urls`: does not have https://cluster.example.com:6443"),
        "{text}"
    );
    ask_for(&server.base_url()).ok();
}

#[tokio::test]
async fn a_token_that_is_no_bearer_token_is_refused() {
    let server = QuectelEndUserServer::start().await.unwrap();
    let home = Home::with(&format!(
        "[profiles.demo]\nvendor = \"quectel-end-user\"\nurl = \"{}\"\nallow_plain_http = true\n\
         refresh_token = {{ file = \"~/refresh\" }}\n",
        server.base_url(),
    ));
    let granted = server.grant();
    fs::write(home.path("refresh"), granted.refresh_token().unwrap()).unwrap();
    let text = ask(&home, None).failed(78).to_owned();
    assert!(text.contains("send Authorization: Bearer only"), "{text}");
}

/// Runs kubectl as a user would. Debian has it in `kubernetes-client`.
fn kubectl(home: &Home, arguments: &[&str]) -> Ran {
    let output = Command::new("kubectl")
        .args(arguments)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", home.path(""))
        .env("KUBECONFIG", home.path("kubeconfig"))
        .stdin(Stdio::null())
        .output();
    let how = "install kubectl, as with `apt-get install kubernetes-client`";
    assert!(output.is_ok(), "{output:?}: {how}");
    Ran::of(&output.unwrap())
}

fn kubeconfig(server: &OAuth2Server, ca: &Path, version: &str) -> String {
    json!({
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "demo",
        "contexts": [{ "name": "demo", "context": { "cluster": "demo", "user": "demo" } }],
        "clusters": [{
            "name": "demo",
            "cluster": { "server": server.base_url(), "certificate-authority": ca },
        }],
        "users": [{ "name": "demo", "user": { "exec": {
            "apiVersion": format!("client.authentication.k8s.io/{version}"),
            "command": env!("CARGO_BIN_EXE_vendor-auth"),
            "args": ["helper", "--protocol", "kubernetes", "demo"],
            "interactiveMode": "Never",
            "provideClusterInfo": true,
        } } }],
    })
    .to_string()
}

/// Returns the versions that this kubectl has: `v1` came with 1.22.
fn versions(home: &Home) -> &'static [&'static str] {
    let text = kubectl(home, &["version", "--client", "-o", "json"]).stdout;
    let version: Value = serde_json::from_str(&text).unwrap();
    let minor = version.pointer("/clientVersion/minor").unwrap();
    let minor = minor.as_str().unwrap();
    match minor.trim_end_matches('+').parse::<u32>().unwrap() {
        ..22 => &["v1beta1"],
        _ => &["v1beta1", "v1"],
    }
}

#[tokio::test]
async fn real_kubectl_gets_in_with_the_token() {
    let tls = Tls::new().unwrap();
    let ca = tls.ca_pem().to_owned();
    let server = OAuth2Server::builder().tls(tls).start().await.unwrap();
    let home = Home::of_client_with(&server, "\n[http]\nca_file = \"~/ca.pem\"\n");
    fs::write(home.path("ca.pem"), &ca).unwrap();
    for version in versions(&home) {
        let kubeconfig = kubeconfig(&server, &home.path("ca.pem"), version);
        fs::write(home.path("kubeconfig"), kubeconfig).unwrap();
        let ran = kubectl(&home, &["get", "--raw", "/resource"]);
        assert_eq!(ran.code, 0, "{version} {ran:?}");
    }
    assert_eq!(server.exchange_count(), 1);
    server.revoke_access_token();
    let refused = kubectl(&home, &["get", "--raw", "/resource"]);
    assert_ne!(refused.code, 0, "{refused:?}");
}
