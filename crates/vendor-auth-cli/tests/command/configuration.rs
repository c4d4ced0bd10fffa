//! What a wrong configuration is told: the key, the line, and what to write instead.

use std::fs;

use crate::home::Home;

/// Returns the complaint about a configuration.
#[track_caller]
pub(crate) fn complaint(config: &str) -> String {
    let home = Home::with(config);
    let ran = home.run(&["token", "demo"]);
    let text = ran.failed(78).trim_end();
    let prefix = format!("vendor-auth: {}", home.config_path().display());
    text.strip_prefix(&prefix).unwrap_or(text).to_owned()
}

#[test]
fn each_mistake_names_its_key_its_line_and_what_to_write() {
    let cases = [
        (
            "profiles = 1",
            &[":1: `profiles`: must be a table; write `[profiles]`"][..],
        ),
        (
            "[profile.demo]",
            &[":1: `profile`: is not a section; there are `[store]`"],
        ),
        (
            "[store]\nkind = \"sqlite\"",
            &[":2: `store.kind`: ", "`file`, `redis`, `postgres`"],
        ),
        (
            "[store]\n\ndirektory = 1",
            &[":3: `store.direktory`: unknown field", "`directory`"],
        ),
        (
            "[http]\nproxy = 1",
            &[":2: `http.proxy`: invalid type: integer", "a string"],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth\"",
            &[":2: `profiles.demo.vendor`: is not a vendor; write \"oauth2\""],
        ),
        (
            "\n[profiles.demo]\nvendor = 7",
            &[":3: `profiles.demo.vendor`: must be a text; write vendor = "],
        ),
        (
            "\n[profiles.demo]\nurl = \"x\"",
            &[":2: `profiles.demo.vendor`: is missing; write vendor = "],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth2\"",
            &[":1: `profiles.demo.client_id`: is missing; write client_id = …"],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"",
            &[":1: `profiles.demo.token_url`: is missing; write token_url = …"],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\nclient_secret = \"s3cret\"",
            &[
                ":4: `profiles.demo.client_secret`: a secret is not written in this file; write { env = ",
            ],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\nclient_secret = { enf = \"A\" }",
            &[":4: `profiles.demo.client_secret`: write { env = "],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\nclient_secret = { env = \"NOT_SET\" }\ntoken_url = \"https://x\"\ngrant = \"client_credentials\"",
            &[":4: `profiles.demo.client_secret`: the environment variable NOT_SET is not set"],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\ntoken_url = \"http://x/token\"",
            &[
                ":4: `profiles.demo.token_url`: uses plain http",
                "or write allow_plain_http = true",
            ],
        ),
        (
            "[profiles.demo]\nvendor = \"quectel-access-key\"\naccess_key = \"k\"\naccess_secret = { env = \"A\" }",
            &[":1: `profiles.demo.region`: is missing; write region = \"europe\""],
        ),
        (
            "[profiles.demo]\nvendor = \"quectel-access-key\"\nregion = \"asia\"\naccess_key = \"k\"\naccess_secret = { env = \"A\" }",
            &[":3: `profiles.demo.region`: ", "`europe` or `china`"],
        ),
        (
            "[profiles.other]\nvendor = \"oauth2\"\nclient_id = \"a\"",
            &["there is no profile `demo`; there are: other"],
        ),
        ("a = ", &[":1: `the document`: "]),
        (
            "[profiles.demo]\nvendor = \"oauth2\"\nusername = \"a\\nquit=1\"",
            &[":3: `profiles.demo.username`: must be one word; write username = "],
        ),
        (
            "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\ntoken_url = \"https://x\"\ngrant = \"client_credentials\"",
            &[":1: `profiles.demo.client_secret`: is missing; write client_secret = { env = "],
        ),
        (
            "\n[store]\nurl = \"redis://127.0.0.1\"",
            &[
                ":3: `store.url`: is not for kind = \"file\"; write kind = \"redis\" or \"postgres\"",
            ],
        ),
        (
            "[store]\nkind = \"redis\"\nschema = \"a\"",
            &[":3: `store.schema`: is not for kind = \"redis\"; write kind = \"postgres\""],
        ),
        (
            "[store]\nsealing = { key_id = \"1\" }",
            &[":2: `store.sealing.key`: is missing; write key = "],
        ),
    ];
    for (config, expected) in cases {
        let complaint = complaint(config);
        for part in expected {
            assert!(complaint.contains(part), "{config:?}: {complaint}");
        }
        assert!(!complaint.contains("s3cret"), "{complaint}");
    }
}

/// A profile that needs all sections.
pub(crate) const COMPLETE: &str = "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\n\
                        token_url = \"https://127.0.0.1:1/\"\ngrant = \"client_credentials\"\n\
                        client_secret = { command = [\"echo\", \"x\"] }\n";

#[test]
fn each_mistake_of_a_section_names_its_line_too() {
    let cases = [
        (
            "\n[http]\nca_file = \"none.pem\"",
            &[":3: `http.ca_file`: ", "none.pem cannot be read"][..],
        ),
        (
            "[http]\nproxy = \"corporate:3128\"",
            &[
                ":2: `http.proxy`: ",
                "; write proxy = \"http://HOST:PORT\" or \"direct\"",
            ],
        ),
        (
            "[http]\n\nconnect_timeout_seconds = 0",
            &[":3: `http.connect_timeout_seconds`: must be 1 or more"],
        ),
        (
            "\n[store]\nkind = \"redis\"",
            &[":2: `store.url`: is missing; write url = "],
        ),
        (
            "[store]\nkind = \"postgres\"\nurl = \"postgres://a:s3cret@127.0.0.1/\"",
            &[":3: `store.url`: has a password; remove it, and write password = { env = "],
        ),
        (
            "[store]\nkind = \"redis\"\nurl = \"redis://127.0.0.1:1\"",
            &[":1: `store.sealing`: is missing: "],
        ),
        (
            "[store]\n\nsealing = { key_id = \"1\", key = { env = \"NOT_SET\" } }",
            &[":3: `store.sealing.key`: the environment variable NOT_SET is not set"],
        ),
    ];
    for (section, expected) in cases {
        let complaint = complaint(&format!("{section}\n{COMPLETE}"));
        for part in expected {
            assert!(complaint.contains(part), "{section:?}: {complaint}");
        }
        assert!(!complaint.contains("s3cret"), "{complaint}");
    }
}

#[test]
fn without_a_configuration_the_user_is_told_how_to_get_one() {
    let home = Home::with("");
    fs::remove_file(home.config_path()).unwrap();
    let ran = home.run(&["token", "demo"]);
    assert!(
        ran.failed(78)
            .contains("does not exist; write one with `vendor-auth init`")
    );
}

#[test]
fn a_wrong_command_line_is_exit_code_64_and_help_is_not_an_error() {
    let home = Home::with("");
    for arguments in [
        &["tokens"][..],
        &["token"],
        &["token", "demo", "--nope"],
        &[],
    ] {
        assert!(
            home.run(arguments).failed(64).contains("Usage: "),
            "{arguments:?}"
        );
    }
    let help = home.run(&["--help"]);
    assert!(help.ok().contains("77 log in again"));
    assert!(
        home.run(&["--version"])
            .ok()
            .starts_with("vendor-auth 0.1.0")
    );
}

#[test]
fn a_secret_comes_from_a_command_too() {
    let home = Home::with(
        "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\ngrant = \"client_credentials\"\n\
         token_url = \"https://127.0.0.1:1/token\"\nclient_secret = { command = [\"false\"] }",
    );
    let text = home.run(&["token", "demo"]).failed(78).to_owned();
    assert!(
        text.contains(":6: `profiles.demo.client_secret`: `false` failed: exit status: 1"),
        "{text}"
    );
}

#[test]
fn mistakes_of_the_http_section_name_its_keys() {
    let profile = "[profiles.demo]\nvendor = \"oauth2\"\nclient_id = \"a\"\n\
                   grant = \"client_credentials\"\ntoken_url = \"https://127.0.0.1:1/token\"\n\
                   client_secret = { command = [\"echo\", \"s3cret\"] }\n[http]\n";
    let cases = [
        (
            "proxy = \"http://user:pass@127.0.0.1:1\"",
            "`http.proxy`: contains credentials; remove it, and set HTTPS_PROXY",
        ),
        (
            "proxy = \"pass :: x\"",
            "`http.proxy`: is not the URL of a proxy; write proxy = ",
        ),
        (
            "proxy = \"socks5://127.0.0.1\"",
            "`http.proxy`: is not the URL of a proxy",
        ),
        (
            "ca_file = \"config.toml\"",
            "`http.ca_file`: has no certificate in PEM",
        ),
        ("ca_file = \"none.pem\"", "`http.ca_file`: "),
        (
            "connect_timeout_seconds = 0",
            "`http.connect_timeout_seconds`: must be 1 or more",
        ),
        (
            "read_timeout_seconds = 0",
            "`http.read_timeout_seconds`: must be 1 or more",
        ),
    ];
    for (setting, expected) in cases {
        let complaint = complaint(&format!("{profile}{setting}\n"));
        assert!(complaint.contains(expected), "{setting}: {complaint}");
        assert!(
            !complaint.contains("pass@") && !complaint.contains("pass ::"),
            "{complaint}"
        );
    }
}
