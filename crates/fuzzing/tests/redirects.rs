//! Redirect URLs that a browser returns with.

use fuzzing::{Recorded, any_mutation, apply, leaks, run};
use oauth2_refresh::{OAuth2, State};
use privcloud_auth::PrivateCloud;
use proptest::prelude::*;
use proptest::sample::select;
use token_core::{Error, Secret};

const CASES: u32 = 2_000;
const CODE: &str = "tG4f7DzQ2a90Lc1b85Xe36";
const STATE: &str = "rS8c15Ne0bW7a2Hd94Jf63";

/// What servers send back, with the vendor's name for `state`.
const REDIRECTS: [&str; 6] = [
    "https://app.example.com/back?code=CODE&state=STATE",
    "https://app.example.com/back?a=1&state=STATE&code=CODE&iss=https%3A%2F%2Fid.example.com#_=_",
    "https://app.example.com/back?error=access_denied&error_description=no+CODE+STATE&state=STATE",
    "https://app.example.com/back?code=CODE&state=STATE&error=CODE&error_description=STATE",
    "/back?code=CODE&code=CODE&state=STATE&error=CODE",
    "code=CODE&state=STATE",
];

fn read_anything(state: &str, read: impl Fn(&str) -> Result<Secret, Error>) {
    let values = (
        select(&REDIRECTS[..]),
        prop::collection::vec(any_mutation(), 0..4),
    );
    run(CASES, &values, |(redirect, mutations)| {
        let redirect = redirect
            .replace("state", state)
            .replace("CODE", CODE)
            .replace("STATE", STATE);
        let recorded = Recorded {
            status: 302,
            headers: Vec::new(),
            body: redirect.into_bytes(),
        };
        let changed = apply(&mutations, &recorded, &[CODE, STATE]);
        let redirect = String::from_utf8_lossy(&changed.body).into_owned();
        let Err(error) = read(&redirect) else {
            return Ok(());
        };
        let told = format!("{error} {error:?} {error:#?}");
        prop_assert!(
            !leaks(&told, STATE),
            "{redirect}: the state is shown: {told}"
        );
        let without_fragment = redirect.split('#').next().unwrap_or_default();
        let query = without_fragment
            .split_once('?')
            .map_or(without_fragment, |(_, query)| query);
        let whole = query.split('&').any(|pair| pair == format!("code={CODE}"));
        prop_assert!(
            !(whole && leaks(&told, CODE)),
            "{redirect}: the code is shown: {told}"
        );
        Ok(())
    });
}

#[test]
fn any_redirect_of_an_oauth2_server_is_a_code_or_an_error_without_secrets() {
    let endpoint = OAuth2::builder("https://server.example.com")
        .client_id("client-7")
        .client_secret("S")
        .account("alice")
        .build()
        .unwrap();
    let state = State::from(Secret::from(STATE));
    read_anything("state", |redirect| endpoint.read_redirect(redirect, &state));
}

#[test]
fn any_redirect_of_a_private_cloud_is_a_code_or_an_error_without_secrets() {
    let endpoint = PrivateCloud::builder("https://disk.example.com")
        .client_id("dev-7")
        .client_secret("S")
        .account("alice")
        .build()
        .unwrap();
    read_anything("data", |redirect| endpoint.read_redirect(redirect, STATE));
}
