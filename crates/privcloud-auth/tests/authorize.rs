//! Authorize URLs, and the redirects that follow them.
#![expect(
    clippy::unwrap_used,
    reason = "what a test needs is there, or the test fails"
)]

use privcloud_auth::{ActingAs, Dialect, PrivateCloud};
use token_core::{ErrorKind, Secret};

const DATA: &str = "x7Qf-2hL_9";

fn cloud() -> PrivateCloud {
    spoken_as(Dialect::default())
}

fn spoken_as(dialect: Dialect) -> PrivateCloud {
    PrivateCloud::builder("https://disk.example.com/babel/")
        .client_id("dev 7")
        .client_secret("S")
        .account("alice")
        .dialect(dialect)
        .build()
        .unwrap()
}

fn refused(redirect: &str) -> ErrorKind {
    cloud().read_redirect(redirect, DATA).unwrap_err().kind()
}

#[test]
fn a_person_is_sent_to_authorize_with_everything_encoded() {
    let url = cloud()
        .authorize_url("https://app.example.com/back?a=1", "d/ata")
        .unwrap();
    assert_eq!(
        url,
        "https://disk.example.com/babel/api/authorize.do?response_type=code&client_id=dev%207\
         &redirect_uri=https%3A%2F%2Fapp.example.com%2Fback%3Fa%3D1&data=d%2Fata"
    );
}

#[test]
fn nobody_is_sent_without_data_or_an_absolute_redirect_uri() {
    let field = |redirect_uri, data| {
        cloud()
            .authorize_url(redirect_uri, data)
            .unwrap_err()
            .field()
    };
    assert_eq!(field("https://app.example.com", ""), "data");
    assert_eq!(field("/back", DATA), "redirect_uri");
    assert_eq!(field("javascript:alert(1)", DATA), "redirect_uri");
}

#[test]
fn a_jwt_stands_in_for_one_person() {
    let query = |acting_as: &ActingAs| {
        let url = cloud()
            .authorize_by_jwt_url(&Secret::from("h.p.s"), acting_as)
            .unwrap();
        let (address, query) = url.expose().split_once('?').unwrap();
        assert_eq!(
            address,
            "https://disk.example.com/babel/api/authorizeByJWT.do"
        );
        query
            .strip_prefix("response_type=code&client_id=dev%207&jwt_token=h.p.s")
            .unwrap()
            .to_owned()
    };
    assert_eq!(
        query(&ActingAs::Email("a@b.example".into())),
        "&email=a%40b.example"
    );
    assert_eq!(query(&ActingAs::Phone("+86 1".into())), "&phone=%2B86%201");
    assert_eq!(query(&ActingAs::BabelId("42".into())), "&babelId=42");
    assert_eq!(query(&ActingAs::EnterpriseAdministrator), "");
}

#[test]
fn an_empty_person_does_not_become_the_administrator() {
    for nobody in [
        ActingAs::Email(String::new()),
        ActingAs::Phone(" ".into()),
        ActingAs::BabelId("\t".into()),
    ] {
        let refused = cloud()
            .authorize_by_jwt_url(&Secret::from("h.p.s"), &nobody)
            .unwrap_err();
        assert_eq!(refused.field(), "acting_as", "{nobody:?}");
    }
    let no_jwt =
        cloud().authorize_by_jwt_url(&Secret::from(""), &ActingAs::EnterpriseAdministrator);
    assert_eq!(no_jwt.unwrap_err().field(), "jwt");
}

#[test]
fn the_code_is_read_from_a_url_a_path_or_a_query() {
    for redirect in [
        "https://app.example.com/back?code=c%2F1&data=x7Qf-2hL_9#top",
        "/back?data=x7Qf-2hL_9&other=&code=c%2F1",
        "code=c%2F1&data=x7Qf-2hL_9",
    ] {
        assert_eq!(
            cloud().read_redirect(redirect, DATA).unwrap().expose(),
            "c/1",
            "{redirect}"
        );
    }
}

#[test]
fn data_may_come_back_encoded_or_not() {
    for given in ["a+b/c", "a%2Bb%2Fc"] {
        let redirect = format!("/back?code=C&data={given}");
        assert!(cloud().read_redirect(&redirect, "a+b/c").is_ok(), "{given}");
    }
    assert!(
        cloud()
            .read_redirect("/back?code=C&data=a+b", "a b")
            .is_ok()
    );
}

#[test]
fn a_redirect_with_other_data_is_refused() {
    for data in ["x7Qf-2hL_8", "x7Qf-2hL_", "x7Qf-2hL_99", "X7QF-2HL_9"] {
        assert_eq!(
            refused(&format!("/back?code=C&data={data}")),
            ErrorKind::Rejected,
            "{data}"
        );
    }
    let without = cloud().read_redirect("/back?code=C&data=", "").unwrap_err();
    assert_eq!(without.kind(), ErrorKind::Config);
}

#[test]
fn a_redirect_without_exactly_one_code_and_one_data_is_refused() {
    for redirect in [
        "",
        "/back",
        "/back?code=C",
        "/back?data=x7Qf-2hL_9",
        "/back?code=&data=x7Qf-2hL_9",
        "/back?code=C&code=D&data=x7Qf-2hL_9",
        "/back?code=C&data=x7Qf-2hL_9&data=x7Qf-2hL_9",
        "/back#code=C&data=x7Qf-2hL_9",
    ] {
        assert_eq!(refused(redirect), ErrorKind::Protocol, "{redirect}");
    }
}

#[test]
fn a_refused_authorization_says_why() {
    let error = cloud()
        .read_redirect("/back?error=access_denied&data=x7Qf-2hL_9", DATA)
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Rejected, Some("access_denied"))
    );
}

#[test]
fn a_deployment_with_other_names_is_spoken_to_in_them() {
    let mut dialect = Dialect::default();
    dialect.paths.authorize = "/v7/authorize.do".into();
    let parameters = &mut dialect.parameters;
    parameters.insert("data".into(), "state".into());
    parameters.insert("code".into(), "auth code".into());
    let cloud = spoken_as(dialect);
    let url = cloud
        .authorize_url("https://app.example.com", DATA)
        .unwrap();
    assert!(
        url.contains("/v7/authorize.do?") && url.ends_with("&state=x7Qf-2hL_9"),
        "{url}"
    );
    assert_eq!(
        cloud
            .read_redirect("?auth%20code=C&state=x7Qf-2hL_9", DATA)
            .unwrap()
            .expose(),
        "C"
    );
}

// FAULTS.md row 80
#[test]
fn a_refusal_that_quotes_the_code_or_the_data_is_scrubbed() {
    let redirect =
        format!("?code=tell-no-one-7&code=tell-no-one-7&data={DATA}&error=tell-no-one-7.{DATA}");
    let error = cloud().read_redirect(&redirect, DATA).unwrap_err();
    assert_eq!(error.code(), Some("[scrubbed].[scrubbed]"));
}
