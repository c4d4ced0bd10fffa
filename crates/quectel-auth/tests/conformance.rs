//! Every case of `tests/data`, and the laws of every endpoint.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what cannot be built fails the test that asked for it"
)]

use quectel_auth::{AccessKey, EndUser, EndUserBuilder, Parameters, Region};
use token_core::{OneTimeGrant, TokenEndpoint};

const ACCESS_SECRET: &str = "6AE3p2SnA9ShP7ofigrccoeeks8DDoteJ1jUUTEz"; // the vendor's published sample
const DOMAIN_SECRET: &str = "57Fk69oYgbs2aWWN362NtZwYB2RqKNqQ7yZESnF5VM22"; // the vendor's published sample
/// The vendor's published sample, and what it is encrypted to with the nonce of the case.
const PASSWORD: &str = "china1234";
const ENCRYPTED_PASSWORD: &str = "lkZMvj0KDSJXlp66jBieHA==";

token_testkit::endpoint_conformance!(
    build = build,
    data = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data"),
    secrets = [ACCESS_SECRET, DOMAIN_SECRET, PASSWORD, ENCRYPTED_PASSWORD],
    redeem = redeem,
);

fn end_user() -> EndUserBuilder {
    EndUser::builder(Region::Europe)
        .account("user 17")
        .user_domain("E.DM.1", DOMAIN_SECRET)
}

fn redeem(_: &str, email: &str) -> OneTimeGrant {
    end_user().build().unwrap().email_password(email, PASSWORD)
}

fn build(name: &str) -> Box<dyn TokenEndpoint> {
    let access_key = |region: Region| {
        AccessKey::builder(region)
            .access_key("24b9zicjuns41H6MDg71AMnP")
            .access_secret(ACCESS_SECRET)
    };
    match name {
        "access_key" => Box::new(access_key(Region::Europe).build().unwrap()),
        "access_key_scoped" => {
            let scoped = access_key(Region::China)
                .scope(" userinfo  tls ota")
                .client_id("my client");
            Box::new(scoped.build().unwrap())
        }
        "end_user" => Box::new(end_user().build().unwrap()),
        "end_user_form" => {
            let form = end_user()
                .parameters(Parameters::Form)
                .app_header("appId", "17");
            Box::new(form.build().unwrap())
        }
        other => panic!("no endpoint is called {other}"),
    }
}
