//! What the builder accepts, and the resulting key.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use oauth2_refresh::{ClientAuthentication, OAuth2, OAuth2Builder};
use token_core::{Attempt, BuildError, Rotation, Secret, Timestamp, Token, TokenEndpoint};

fn public() -> OAuth2Builder {
    OAuth2::builder("https://login.example.com")
        .client_id("app-1")
        .account("alice")
}

fn confidential() -> OAuth2Builder {
    public().client_secret("conformance-secret")
}

/// A client that is its own account.
fn itself() -> OAuth2Builder {
    OAuth2::builder("https://login.example.com")
        .client_id("app-1")
        .client_secret("conformance-secret")
        .client_credentials()
}

fn refused(builder: OAuth2Builder) -> &'static str {
    builder
        .build()
        .map_err(|error: BuildError| error.field())
        .unwrap_err()
}

fn key(builder: OAuth2Builder) -> String {
    builder.build().unwrap().key().as_str().to_owned()
}

// FAULTS.md row 31
#[test]
fn plain_http_is_refused_unless_opted_into_by_name() {
    let plain = || {
        OAuth2::builder("http://127.0.0.1:8080")
            .client_id("app-1")
            .account("alice")
    };
    assert_eq!(refused(plain()), "base_url");
    assert!(plain().allow_plain_http().build().is_ok());
    assert_eq!(
        refused(public().token_path("http://127.0.0.1/token")),
        "token_path"
    );
    assert_eq!(
        refused(
            OAuth2::bamboocloud("http://127.0.0.1")
                .client_id("app-1")
                .account("alice")
        ),
        "base_url"
    );
}

#[test]
fn a_description_that_cannot_work_is_refused_when_it_is_built() {
    assert_eq!(
        refused(OAuth2::builder("https://login.example.com")),
        "client_id"
    );
    assert_eq!(refused(public().client_id("a\nb")), "client_id");
    assert_eq!(refused(public().scopes(["read write"])), "scopes");
    assert_eq!(refused(public().refresh_scopes([""])), "scopes");
    assert_eq!(
        refused(public().default_lifetime(Duration::ZERO)),
        "default_lifetime"
    );
    for path in [
        "token",
        "/to ken",
        "/token#f",
        "/tökén",
        "ftp://example.com/token",
    ] {
        assert_eq!(refused(public().token_path(path)), "token_path", "{path}");
    }
    for name in ["", "grant_type", "refresh_token", "client_secret", "scope"] {
        assert_eq!(
            refused(public().parameter(name, "x")),
            "parameter",
            "{name}"
        );
    }
}

#[test]
fn a_secret_and_a_client_authentication_belong_together() {
    use ClientAuthentication::{Basic, BasicEncoded, BasicPercentEncoded, None, Post};
    for way in [Basic, BasicEncoded, BasicPercentEncoded, Post] {
        assert_eq!(
            refused(public().client_authentication(way)),
            "client_secret"
        );
        assert!(confidential().client_authentication(way).build().is_ok());
    }
    assert_eq!(
        refused(confidential().client_authentication(None)),
        "client_secret"
    );
    assert_eq!(refused(public().client_credentials()), "client_secret");
    assert_eq!(
        refused(OAuth2::bamboocloud_tenant("example.com").client_id("app-1")),
        "client_secret"
    );
    let with_colon = || confidential().client_id("app:1");
    assert_eq!(
        refused(with_colon().client_authentication(Basic)),
        "client_id"
    );
    assert!(with_colon().build().is_ok());
}

// FAULTS.md row 102
#[test]
fn basic_is_written_raw_with_a_plus_or_with_percent_twenty_for_a_space() {
    use ClientAuthentication::{Basic, BasicEncoded, BasicPercentEncoded};
    for (way, expected) in [
        (Basic, "Basic YSBiOmMgKmQ="),                       // a b:c *d
        (BasicEncoded, "Basic YStiOmMrKmQ="),                // a+b:c+*d
        (BasicPercentEncoded, "Basic YSUyMGI6YyUyMCUyQWQ="), // a%20b:c%20%2Ad
    ] {
        let builder = public().client_id("a b").client_secret("c *d");
        let oauth2 = builder.client_authentication(way).build().unwrap();
        let token = Token::from_refresh_token(Secret::from("R1")).unwrap();
        let attempt = Attempt::new(Timestamp::from_unix_seconds(0), [0; 16]);
        let request = oauth2.refresh(&token, &attempt).unwrap().to_http();
        assert_eq!(
            request.headers()["authorization"].to_str().unwrap(),
            expected,
            "{way:?}"
        );
    }
}

// FAULTS.md row 74
#[test]
fn an_account_is_required_unless_the_client_is_its_own() {
    let nobodys = || OAuth2::builder("https://login.example.com").client_id("app-1");
    assert_eq!(refused(nobodys()), "account");
    assert_eq!(
        refused(nobodys().client_secret("conformance-secret")),
        "account"
    );
    assert_eq!(
        refused(OAuth2::bamboocloud("example.com").client_id("app-1")),
        "account"
    );
    for blank in ["", " "] {
        assert_eq!(refused(nobodys().account(blank)), "account");
        assert_eq!(refused(itself().account(blank)), "account");
    }
    assert!(itself().build().is_ok());
    assert_ne!(
        key(nobodys().account("alice")),
        key(nobodys().account("bob"))
    );
}

// FAULTS.md row 83
#[test]
fn a_whole_token_url_is_taken_as_it_is() {
    let url = "https://login.example.com/realms/one/oauth2/token";
    let address = |builder: OAuth2Builder| {
        let oauth2 = builder.client_id("app-1").account("alice").build().unwrap();
        let token = Token::from_refresh_token(Secret::from("R1")).unwrap();
        let attempt = Attempt::new(Timestamp::from_unix_seconds(0), [0; 16]);
        let request = oauth2.refresh(&token, &attempt).unwrap();
        (request.to_http().uri().to_string(), oauth2.key())
    };
    let expected = address(OAuth2::builder("https://login.example.com/realms/one"));
    assert_eq!(expected.0, url);
    assert_eq!(address(OAuth2::token_url(url)), expected);
    assert_eq!(address(OAuth2::builder(url)), expected);
    assert_eq!(address(OAuth2::builder(format!("{url}/"))), expected);
    let other = "https://login.example.com/oauth/token";
    assert_eq!(
        address(OAuth2::builder(other).token_path("/oauth/token")).0,
        other
    );
    let with_query = "https://login.example.com/token?p=policy";
    assert_eq!(address(OAuth2::token_url(with_query)).0, with_query);
    assert_eq!(
        refused(
            OAuth2::token_url("login.example.com/token")
                .client_id("a")
                .account("b")
        ),
        "base_url"
    );
    assert_eq!(
        refused(
            OAuth2::token_url("http://a.example/t")
                .client_id("a")
                .account("b")
        ),
        "base_url"
    );
}

// FAULTS.md row 73
#[test]
fn one_server_has_one_key_however_its_name_is_spelt() {
    let named = |base: &str| key(OAuth2::builder(base).client_id("app-1").account("alice"));
    let expected = named("https://login.example.com");
    for spelt in [
        "https://LOGIN.example.com",
        "HTTPS://login.example.com:443/",
        "https://login.example.com.",
    ] {
        assert_eq!(named(spelt), expected, "{spelt}");
    }
    assert_ne!(named("https://login.example.com:8443"), expected);
}

// FAULTS.md scenario 18
#[test]
fn different_grants_never_share_a_key() {
    let deployment = |base: &str| OAuth2::builder(base).client_id("app-1").account("alice");
    let keys = [
        key(public()),
        key(public().account("user-17")),
        key(public().client_id("app-1:user-17").account("x")),
        key(public().account("user-17:x")),
        key(public().token_path("/tenant-1/oauth2/token")),
        key(deployment("https://login.example.com/realms/one")),
        key(deployment("https://login.example.com/realms/two")),
        key(deployment("https://login.example.com:8443")),
        key(OAuth2::bamboocloud("login.example.com")
            .client_id("app-1")
            .account("alice")),
        key(OAuth2::oneaccess("login.example.com")
            .client_id("app-1")
            .account("alice")),
        key(itself()),
        key(itself().scopes(["a"])),
        key(itself().scopes(["b"])),
        key(itself().parameter("audience", "a")),
    ];
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[at + 1..].contains(key), "{key}");
    }
}

#[test]
fn what_does_not_name_another_grant_does_not_change_the_key() {
    assert_eq!(
        key(public()),
        key(confidential().rotation(Rotation::Idempotent).scopes(["a"]))
    );
    let shown = format!("{:?}", confidential().build().unwrap());
    assert_eq!(shown, "OAuth2(oauth2/login.example.com/app-1:alice)");
}

#[test]
fn a_refresh_token_is_of_single_use_unless_a_lost_one_is_one_login_away() {
    let rotation = |builder: OAuth2Builder| builder.build().unwrap().rotation();
    assert_eq!(rotation(public()), Rotation::SingleUse);
    assert_eq!(
        rotation(
            OAuth2::bamboocloud("example.com")
                .client_id("a")
                .account("b")
        ),
        Rotation::SingleUse
    );
    assert_eq!(
        rotation(confidential().client_credentials()),
        Rotation::Idempotent
    );
    let grace = Rotation::Grace(Duration::from_secs(30));
    assert_eq!(
        rotation(confidential().client_credentials().rotation(grace)),
        grace
    );
}

#[test]
fn debug_of_a_builder_and_of_an_endpoint_show_no_secret() {
    let builder = confidential();
    let shown = format!("{builder:?} {builder:#?}");
    let endpoint = builder.build().unwrap();
    assert!(!format!("{shown} {endpoint:?}").contains("conformance-secret"));
}
