//! `vendor-auth helper --protocol bazel`, by inputs and outputs of its specification.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::{Value, json};
use token_sim::{EnosServer, OAuth2Server};

use crate::home::{Home, Ran};

/// Questions of the specification, and what they are answered.
const CASES: &str = include_str!("data/bazel.json");

fn ask(home: &Home, question: &str) -> Ran {
    let mut helper = home
        .command(&["helper", "--protocol", "bazel", "demo", "get"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = helper.stdin.take().unwrap();
    stdin.write_all(question.as_bytes()).unwrap();
    drop(stdin);
    Ran::of(&helper.wait_with_output().unwrap())
}

#[tokio::test]
async fn the_specifications_questions_are_answered_as_it_says() {
    let server = OAuth2Server::start().await.unwrap();
    let home = Home::of_client_with(
        &server,
        "api_urls = [\"https://example.com\", \"https://api.example.org\"]",
    );
    let token = home.run(&["token", "demo"]).ok().trim_end().to_owned();
    let cases: Value = serde_json::from_str(CASES).unwrap();
    for case in cases["cases"].as_array().unwrap() {
        let input = match &case["input"] {
            Value::String(text) => text.clone(),
            input => input.to_string(),
        };
        let ran = ask(&home, &input);
        let Some(code) = case["fails"].as_i64() else {
            let text = case["headers"].to_string().replace("<token...>", &token);
            let expected: Value = serde_json::from_str(&text).unwrap();
            let mut output: Value = serde_json::from_str(ran.ok()).unwrap();
            let expires = output.as_object_mut().unwrap().remove("expires").unwrap();
            assert!(expires.as_str().unwrap().ends_with('Z'), "{case}");
            assert_eq!(output, json!({ "headers": expected }), "{case}");
            continue;
        };
        let text = ran.failed(i32::try_from(code).unwrap());
        assert!(
            text.contains(case["says"].as_str().unwrap()),
            "{case} {text}"
        );
    }
    assert_eq!(server.exchange_count(), 1);
}

#[tokio::test]
async fn another_operation_than_get_is_refused_with_what_to_write() {
    let home = Home::with(
        "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\n\
         token_url = \"https://example.com/token\"\n",
    );
    for operation in [&[][..], &["store"]] {
        let arguments = [&["helper", "--protocol", "bazel", "demo"], operation].concat();
        let ran = home.run(&arguments);
        assert!(ran.failed(64).contains("--credential_helper=HOST=SCRIPT"));
    }
}

#[tokio::test]
async fn a_vendor_that_signs_has_all_its_headers_for_this_uri() {
    let server = EnosServer::start().await.unwrap();
    let home = Home::of_enos(&server);
    let uri = format!("{}?b=2&a=1", server.resource_url());
    let ran = ask(&home, &json!({ "uri": uri }).to_string());
    let output: Value = serde_json::from_str(ran.ok()).unwrap();
    let headers = output["headers"].as_object().unwrap();
    let names: Vec<_> = headers.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        ["Apim-Accesstoken", "Apim-Signature", "Apim-Timestamp"]
    );
    assert!(output["expires"].is_string());
    let mut curl = std::process::Command::new("curl");
    curl.args(["-s", "-o", "/dev/null", "-w", "%{http_code}", &uri]);
    for (name, values) in headers {
        curl.arg("-H")
            .arg(format!("{name}: {}", values[0].as_str().unwrap()));
    }
    assert_eq!(Ran::of(&curl.output().unwrap()).ok(), "200");
}
