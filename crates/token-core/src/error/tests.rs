use super::*;
use crate::endpoint::base_url::{BaseUrl, PlainHttp};
use crate::endpoint::request::Request;
use crate::token::secret::Secret;

#[test]
fn a_vendor_message_that_echoes_a_secret_is_scrubbed() {
    let secret = Secret::from("wuGzSMMTjb4YhRUOjXHj-t-QD84");
    let error = Error::new(ErrorKind::Rejected, "refused").with_message(
        "Invalid refresh token: wuGzSMMTjb4YhRUOjXHj-t-QD84",
        &Scrubber::new([&secret]),
    );
    assert!(!format!("{error} {error:?} {error:#?}").contains("wuGz"));
    assert_eq!(error.message(), Some("Invalid refresh token: [scrubbed]"));
}

#[test]
fn a_host_that_is_followed_by_a_path_is_dropped() {
    let error = Error::new(ErrorKind::Protocol, "redirected");
    assert_eq!(
        error.clone().with_host("example.com:8443").host(),
        Some("example.com:8443")
    );
    assert_eq!(
        error.clone().with_host("user:pass@example.com").host(),
        Some("example.com")
    );
    assert_eq!(error.with_host("example.com/?token=1").host(), None);
}

fn refresh_with_token_in_its_path() -> Request {
    let base = BaseUrl::parse("https://vendor.example:8443/tenant", PlainHttp::Refused).unwrap();
    let token = Secret::from("R1-very-secret");
    Request::post(&base, "/tokens/R1-very-secret/renew")
        .remember(&token)
        .query_secret("refresh_token", &token)
        .build(Step::Refresh)
        .unwrap()
}

// FAULTS.md row 83
#[test]
fn an_error_names_step_host_port_path_and_key_but_never_the_query() {
    let key = TokenKey::of("acme", "vendor.example:8443", "alice");
    let error = Error::new(ErrorKind::Config, "refused")
        .with_request(&refresh_with_token_in_its_path())
        .with_key(&key);
    assert_eq!(error.step(), Some(Step::Refresh));
    assert_eq!(error.host(), Some("vendor.example:8443"));
    assert_eq!(error.path(), Some("/tenant/tokens/[scrubbed]/renew"));
    assert_eq!(error.key(), Some(&key));
    assert_eq!(
        error.to_string(),
        "refused [refresh at vendor.example:8443/tenant/tokens/[scrubbed]/renew, \
         key acme/vendor.example:8443/alice]; correct the configuration"
    );
    assert!(!format!("{error} {error:#?}").contains("very"));
}

#[test]
fn the_request_path_is_not_shown_with_the_host_of_a_redirect() {
    let error = Error::new(ErrorKind::Protocol, "redirected")
        .with_request(&refresh_with_token_in_its_path())
        .with_host("elsewhere.example");
    assert_eq!(
        (error.host(), error.path()),
        (Some("elsewhere.example"), None)
    );
}

// FAULTS.md row 79
#[test]
fn a_one_time_grant_that_may_have_been_used_is_not_retryable() {
    let base = BaseUrl::parse("https://vendor.example", PlainHttp::Refused).unwrap();
    let request = Request::post(&base, "/token")
        .build(Step::Redemption)
        .unwrap();
    let after = None;
    for (kind, retryable) in [
        (ErrorKind::Protocol, false),
        (ErrorKind::InDoubt, false),
        (ErrorKind::Rejected, false),
        (ErrorKind::Transient { after }, true),
        (ErrorKind::Throttled { after }, true),
    ] {
        let error = Error::new(kind, "refused");
        assert_eq!(error.is_retryable(), kind.is_retryable(), "{error}");
        let redeemed = error.clone().with_request(&request);
        assert_eq!(redeemed.is_retryable(), retryable, "{redeemed}");
        assert_eq!(error.for_one_time_grant().is_retryable(), retryable);
        assert!(
            retryable || !redeemed.to_string().contains("ask again"),
            "{redeemed}"
        );
    }
}

// FAULTS.md row 87
#[test]
fn retry_after_is_kept_for_every_kind() {
    let wait = Duration::from_secs(20);
    for kind in [
        ErrorKind::Rejected,
        ErrorKind::Config,
        ErrorKind::Transient { after: None },
        ErrorKind::Locked {
            after: Duration::from_secs(1200),
        },
    ] {
        let error = Error::new(kind, "refused").with_retry_after(wait);
        assert_eq!(error.retry_after(), Some(wait));
        let told = error.kind().retry_after();
        assert!(told.is_none() || told == Some(wait));
    }
}
