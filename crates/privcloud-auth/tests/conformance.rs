//! The conformance suite over the cases in `tests/data`.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what a test needs is there, or the test fails"
)]

use privcloud_auth::{Dialect, PrivateCloud, PrivateCloudBuilder};

const CLIENT_SECRET: &str = "client-secret-7";
/// The code that the cases redeem.
const CODE: &str = "code-of-alice-1";

fn build(name: &str) -> PrivateCloud {
    let cloud = PrivateCloud::builder("https://disk.example.com");
    let lab = PrivateCloud::builder("http://disk.lab.example:8080/babel/");
    match name {
        "" => finished(cloud),
        "plain http" => finished(lab.allow_plain_http()),
        "dialect" => finished(cloud.dialect(another_dialect())),
        _ => panic!("no such endpoint: {name}"),
    }
}

fn finished(builder: PrivateCloudBuilder) -> PrivateCloud {
    let builder = builder.client_id("dev-7").client_secret(CLIENT_SECRET);
    builder.account("alice").build().unwrap()
}

fn another_dialect() -> Dialect {
    let mut dialect = Dialect::default();
    dialect.paths.refresh = "/api/v7/refreshToken.do".into();
    let parameters = &mut dialect.parameters;
    parameters.insert("refresh_token".into(), "refreshToken".into());
    dialect.fields.access_token = vec!["data.token".into()];
    dialect.fields.refresh_token = vec!["data.renew".into()];
    dialect.fields.expires_in = vec!["data.ttl".into()];
    dialect.fields.code = vec!["ret".into()];
    dialect.fields.message = vec!["info".into()];
    dialect.codes.success = vec!["1".into()];
    dialect.codes.rejected.push("40013".into());
    dialect.codes.config.push("e-client".into());
    dialect.codes.transient.push("40099".into());
    dialect.codes.token_refused.push("40014".into());
    dialect
}

token_testkit::endpoint_conformance!(
    build = build,
    data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
    secrets = [CLIENT_SECRET, CODE],
    redeem = |name, code| build(name).redeem_code(code.into(), "https://app.example.com/callback"),
);
