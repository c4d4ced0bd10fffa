//! The conformance suite over the cases in `tests/data`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use std::time::Duration;

use oauth2_refresh::{ClientAuthentication, OAuth2};
use token_core::Secret;

/// RFC 6749's own sample client.
const RFC: (&str, &str) = ("s6BhdRkqt3", "gX1fBat3bV");
/// RFC 6749's own sample code, which the cases redeem.
const CODE: &str = "SplxlOBeZQQYbYS6WxSbIA";
const BAMBOO: (&str, &str) = ("bamboo-client", "bamboo-secret");
const BCCASTLE: &str = "example.bccastle.com";

token_testkit::endpoint_conformance!(
    build = endpoint,
    data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
    secrets = [
        "gX1fBat3bV",
        "bamboo-secret",
        "one-secret",
        "awkward-%&+£€",
        CODE
    ],
    redeem = |name, code| endpoint(name).redeem_code(
        &Secret::from(code),
        "https://client.example.com/cb",
        None
    ),
);

fn endpoint(name: &str) -> OAuth2 {
    let rfc = OAuth2::builder("https://server.example.com")
        .token_path("/token")
        .client_id(RFC.0)
        .account("alice");
    let builder = match name {
        "" | "rfc" => rfc.client_secret(RFC.1),
        "kept" => rfc
            .client_secret(RFC.1)
            .keep_field("instance_url")
            .keep_field("team.id")
            .default_lifetime(Duration::from_secs(120)),
        "wrapped" => rfc.client_secret(RFC.1).wrapped_in("data"),
        "percent" => rfc
            .client_id("client 1")
            .client_secret("awkward-%&+£€")
            .client_authentication(ClientAuthentication::BasicPercentEncoded),
        "credentials-plain" => rfc.client_secret(RFC.1).client_credentials(),
        "credentials" => rfc
            .client_secret(RFC.1)
            .client_credentials()
            .scopes(["read", "write"])
            .parameter("audience", "https://api.example.com/"),
        "narrow" => rfc.refresh_scopes(["read"]),
        "awkward" => rfc.client_id("client:1").client_secret("awkward-%&+£€"),
        "bamboocloud" => OAuth2::bamboocloud(BCCASTLE)
            .client_id(BAMBOO.0)
            .account("alice")
            .client_secret(BAMBOO.1),
        "bamboocloud-public" => OAuth2::bamboocloud(BCCASTLE)
            .client_id(BAMBOO.0)
            .account("alice"),
        "bamboocloud-tenant" => OAuth2::bamboocloud_tenant(BCCASTLE)
            .client_id(BAMBOO.0)
            .client_secret(BAMBOO.1),
        "oneaccess" => OAuth2::oneaccess("example.huaweioneaccess.com")
            .client_id("one-client")
            .account("alice")
            .client_secret(Secret::from("one-secret")),
        other => panic!("no endpoint is called {other}"),
    };
    builder.build().unwrap()
}
