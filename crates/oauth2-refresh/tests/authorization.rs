//! A user's login: the authorize URL, the redirect, the one-time code.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there, or the test fails"
)]

use oauth2_refresh::{OAuth2, Pkce, State};
use proptest::prelude::*;
use token_core::{Error, ErrorKind, Request, Secret, Step, Timestamp};
use token_testkit::attempt;

const CALLBACK: &str = "https://app.example/callback?x=1";

fn public() -> OAuth2 {
    OAuth2::builder("https://login.example.com")
        .client_id("app 1")
        .account("alice")
        .scopes(["openid", "api"])
        .build()
        .unwrap()
}

fn state() -> State {
    State::from(Secret::from("state-kept-in-the-session"))
}

fn redirect(query: &str) -> Result<String, Error> {
    let url = format!("https://app.example/callback?{query}");
    public()
        .read_redirect(&url, &state())
        .map(|code| code.expose().to_owned())
}

fn body(request: &Request) -> String {
    String::from_utf8(request.to_http().into_body().to_vec()).unwrap()
}

#[test]
fn the_authorize_url_has_everything_in_it_and_encoded() {
    let url = public()
        .authorize_url(CALLBACK, &state())
        .pkce(&Pkce::from_random([7; 32]))
        .parameter("prompt", "consent login")
        .build();
    let challenge = Pkce::from_random([7; 32]).challenge();
    let expected = format!(
        "https://login.example.com/oauth2/authorize?response_type=code&client_id=app%201\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fx%3D1&state=state-kept-in-the-session\
         &scope=openid%20api&code_challenge={challenge}&code_challenge_method=S256&prompt=consent%20login"
    );
    assert_eq!(url, expected);
}

#[test]
fn an_authorize_page_on_another_host_and_with_a_query_is_kept() {
    let oauth2 = OAuth2::builder("https://token.example.com")
        .authorize_path("https://accounts.example.com/auth?p=policy")
        .client_id("app-1")
        .account("alice")
        .build()
        .unwrap();
    let url = oauth2.authorize_url(CALLBACK, &state()).build();
    assert!(
        url.starts_with("https://accounts.example.com/auth?p=policy&response_type=code&"),
        "{url}"
    );
}

#[test]
fn the_code_of_a_redirect_is_decoded() {
    let code = redirect("code=a%2Fb+c%3D&state=state-kept-in-the-session&session_state=s");
    assert_eq!(code.unwrap(), "a/b c=");
    let query_alone =
        public().read_redirect("code=C1&state=state-kept-in-the-session#_=_", &state());
    assert_eq!(query_alone.unwrap().expose(), "C1");
}

#[test]
fn a_redirect_with_another_state_is_refused_before_anything_else_is_looked_at() {
    for query in [
        "code=C1&state=forged",
        "code=C1",
        "code=C1&state=",
        "error=server_error&state=forged",
        "",
    ] {
        assert_eq!(
            redirect(query).unwrap_err().kind(),
            ErrorKind::Rejected,
            "{query}"
        );
    }
    let nothing_kept = State::from(Secret::from(""));
    assert!(
        public()
            .read_redirect("code=C1&state=", &nothing_kept)
            .is_err()
    );
}

#[test]
fn a_parameter_that_stands_there_twice_is_refused() {
    for twice in ["code=C1&code=C2", "code=C1&state=state-kept-in-the-session"] {
        let error = redirect(&format!("{twice}&state=state-kept-in-the-session")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Protocol, "{twice}");
    }
}

#[test]
fn an_error_in_the_redirect_says_what_to_do() {
    let kind = |code: &str| {
        let error = redirect(&format!("error={code}&state=state-kept-in-the-session")).unwrap_err();
        assert_eq!(error.code(), Some(code));
        error.kind()
    };
    assert_eq!(kind("access_denied"), ErrorKind::Rejected);
    assert_eq!(kind("login_required"), ErrorKind::Rejected);
    assert_eq!(kind("unsupported_response_type"), ErrorKind::Config);
    assert_eq!(kind("invalid_scope"), ErrorKind::Config);
    assert_eq!(
        kind("temporarily_unavailable"),
        ErrorKind::Transient { after: None }
    );
    assert_eq!(kind("never_heard_of"), ErrorKind::Protocol);
    assert_eq!(
        redirect("state=state-kept-in-the-session")
            .unwrap_err()
            .kind(),
        ErrorKind::Protocol
    );
}

// FAULTS.md row 26
#[test]
fn a_redirect_that_echoes_state_and_code_is_scrubbed() {
    let error = redirect(
        "error=server_error&error_description=no+state-kept-in-the-session+nor+one-time-code&code=one-time-code\
         &state=state-kept-in-the-session",
    )
    .unwrap_err();
    assert_eq!(error.message(), Some("no [scrubbed] nor [scrubbed]"));
}

// RFC 9207 section 2.4.
#[test]
fn a_redirect_of_another_issuer_is_refused() {
    let oauth2 = OAuth2::builder("https://login.example.com")
        .client_id("app-1")
        .account("alice")
        .issuer("https://login.example.com")
        .build()
        .unwrap();
    let read = |iss: &str| {
        let query = format!("code=C1&state=state-kept-in-the-session{iss}");
        oauth2
            .read_redirect(&query, &state())
            .map_err(|error| error.kind())
    };
    assert!(read("&iss=https%3A%2F%2Flogin.example.com").is_ok());
    for other in [
        "",
        "&iss=",
        "&iss=https%3A%2F%2Fevil.example",
        "&iss=https%3A%2F%2Flogin.example.com%2F",
    ] {
        assert_eq!(read(other).unwrap_err(), ErrorKind::Rejected, "{other}");
    }
}

#[test]
fn a_public_client_redeems_with_its_verifier_and_no_authorization() {
    let pkce =
        Pkce::from_verifier(Secret::from("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk")).unwrap();
    let redemption = public().redeem_code(
        &Secret::from("SplxlOBeZQQYbYS6WxSbIA"),
        CALLBACK,
        Some(&pkce),
    );
    let request = redemption
        .into_request(&attempt(Timestamp::from_unix_seconds(0), 1))
        .unwrap();
    assert_eq!(request.step(), Step::Redemption);
    assert!(!request.to_http().headers().contains_key("authorization"));
    assert_eq!(
        body(&request),
        "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA\
         &redirect_uri=https%3A%2F%2Fapp.example%2Fcallback%3Fx%3D1\
         &code_verifier=dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk&client_id=app%201"
    );
}

// RFC 6749 section 4.1.3, the sample request.
#[test]
fn a_confidential_client_redeems_with_basic() {
    let oauth2 = OAuth2::builder("https://server.example.com")
        .token_path("/token")
        .client_id("s6BhdRkqt3")
        .client_secret("gX1fBat3bV")
        .account("alice")
        .build()
        .unwrap();
    let code = Secret::from("SplxlOBeZQQYbYS6WxSbIA");
    let redemption = oauth2.redeem_code(&code, "https://client.example.com/cb", None);
    let request = redemption
        .into_request(&attempt(Timestamp::from_unix_seconds(0), 1))
        .unwrap();
    let sent = request.to_http();
    assert_eq!(
        sent.headers()["authorization"],
        "Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"
    );
    assert_eq!(
        body(&request),
        "grant_type=authorization_code&code=SplxlOBeZQQYbYS6WxSbIA\
         &redirect_uri=https%3A%2F%2Fclient.example.com%2Fcb"
    );
}

proptest! {
    #[test]
    fn no_redirect_makes_it_panic_and_none_without_the_state_passes(text in "[ -~]{0,60}|\\PC{0,40}") {
        prop_assert!(public().read_redirect(&text, &state()).is_err());
        let with_code = format!("code=C&{text}");
        prop_assert!(public().read_redirect(&with_code, &state()).is_err());
    }

    #[test]
    fn a_code_of_any_characters_comes_through(code in "\\PC{1,40}") {
        let encoded = token_core::percent_encode(&code);
        prop_assert_eq!(redirect(&format!("code={encoded}&state=state-kept-in-the-session")).unwrap(), code);
    }
}
