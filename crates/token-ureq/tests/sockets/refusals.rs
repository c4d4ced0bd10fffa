//! Where the token goes, and what follows a refusal.

use http::StatusCode;
use token_cache::WithoutToken;
use token_core::ErrorKind;
use token_testkit::ApiRefusal;
use ureq::{Error, RequestExt};

use crate::api::{Vendor, answer};
use token_core::TokenPlacement::Bearer;

const BOTH: [ApiRefusal; 2] = [ApiRefusal::Status, ApiRefusal::Code];

#[test]
fn a_refused_token_is_replaced_and_the_request_is_sent_once_more() {
    for refusal in BOTH {
        for is_strict in [true, false] {
            let vendor = Vendor::that_refuses(refusal);
            let agent = if is_strict {
                vendor.agent()
            } else {
                vendor.lenient_agent()
            };
            agent.get(vendor.url()).call().unwrap();
            vendor.vendor.revoke();
            let mut response = agent.get(vendor.url()).call().unwrap();
            assert_eq!(
                response.body_mut().read_to_string().unwrap(),
                r#"{"code":0}"#
            );
            assert_eq!(vendor.vendor.exchanges(), 2, "{refusal:?} {is_strict}");
            assert_eq!(vendor.api.received().len(), 3);
        }
    }
}

#[test]
fn a_request_with_settings_of_its_own_is_sent_once_more_and_keeps_them() {
    for is_strict in [true, false] {
        let vendor = Vendor::that_refuses(ApiRefusal::Status);
        let agent = if is_strict {
            vendor.lenient_agent()
        } else {
            vendor.agent()
        };
        let call = |path: &str| {
            let request = agent.get(vendor.vendor.url(path)).config();
            request.http_status_as_error(is_strict).build().call()
        };
        call("/things").unwrap();
        vendor.vendor.revoke();
        assert_eq!(call("/things").unwrap().status(), StatusCode::OK);
        assert_eq!(vendor.vendor.exchanges(), 2);

        let missing = Vendor::that_answers(Bearer, |_| answer(404, ("x-a", "b"), "none"));
        let agent = if is_strict {
            missing.lenient_agent()
        } else {
            missing.agent()
        };
        let request = agent.get(missing.url()).config();
        match request.http_status_as_error(is_strict).build().call() {
            Err(Error::StatusCode(404)) => assert!(is_strict),
            Ok(response) => assert!(!is_strict && response.status() == StatusCode::NOT_FOUND),
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
fn a_token_that_is_refused_again_is_an_error_of_its_own() {
    for is_strict in [true, false] {
        let vendor = Vendor::that_answers(Bearer, |_| answer(401, ("x-a", "b"), ""));
        let agent = if is_strict {
            vendor.agent()
        } else {
            vendor.lenient_agent()
        };
        let error = agent.get(vendor.url()).call().unwrap_err();
        let token_error = token_ureq::token_error(&error).unwrap();
        assert_eq!(token_error.kind(), ErrorKind::RefusedAgain);
        assert_eq!(vendor.api.received().len(), 2);
        assert_eq!(vendor.vendor.exchanges(), 2);
    }
}

#[test]
fn an_answer_that_is_not_about_the_token_is_what_the_agent_makes_of_it() {
    let challenge = "Bearer error=\"insufficient_scope\"";
    for (status, header) in [
        (403, ("www-authenticate", challenge)),
        (401, ("www-authenticate", "Basic realm=\"x\"")),
        (404, ("x-a", "b")),
        (429, ("retry-after", "7")),
        (503, ("retry-after", "7")),
    ] {
        let vendor = Vendor::that_answers(Bearer, move |_| answer(status, header, "why"));
        let strict = vendor.agent().get(vendor.url()).call();
        assert!(
            matches!(strict, Err(Error::StatusCode(code)) if code == status),
            "{status}"
        );
        let mut response = vendor.lenient_agent().get(vendor.url()).call().unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(response.headers()[header.0], header.1);
        assert_eq!(response.body_mut().read_to_string().unwrap(), "why");
        assert_eq!(vendor.api.received().len(), 2, "{status}");
    }
}

#[test]
fn the_token_goes_to_no_other_host_and_a_request_of_its_own_is_left_alone() {
    let vendor = Vendor::that_refuses(ApiRefusal::Status);
    let other = Vendor::that_answers(Bearer, |_| answer(200, ("x-a", "b"), ""));
    let agent = vendor.agent();
    let error = agent.get(other.url()).call().unwrap_err();
    assert_eq!(
        token_ureq::token_error(&error).unwrap().kind(),
        ErrorKind::Config
    );
    assert_eq!(other.api.received().len(), 0);

    agent
        .get(other.url())
        .header("authorization", "Basic own")
        .call()
        .unwrap();
    let without = http::Request::get(other.url())
        .extension(WithoutToken)
        .body(())
        .unwrap();
    without.with_agent(&agent).run().unwrap();
    let received = other.api.received();
    assert_eq!(received[0].headers()["authorization"], "Basic own");
    assert!(!received[1].headers().contains_key("authorization"));
    assert_eq!(vendor.vendor.exchanges(), 0);
}

#[test]
fn the_failures_of_the_token_and_of_the_connection_are_told_apart() {
    let vendor = Vendor::that_refuses(ApiRefusal::Status);
    let closed = "http://127.0.0.1:1";
    let unreachable = token_testkit::ApiVendor::new(closed, ApiRefusal::Status).unwrap();
    let tokens = token_cache::TokenCache::builder(unreachable).http_client(vendor.vendor.clone());
    let tokens = tokens.build().unwrap().blocking();
    let agent = token_ureq::agent(tokens, |config| config.build().new_agent());
    let error = agent.get(closed).call().unwrap_err();
    assert!(token_ureq::token_error(&error).is_none(), "{error}");
    assert!(matches!(error, Error::Io(_)), "{error}");

    let failing = token_core::http_fn(async |_| Err(std::io::Error::other("away")));
    let tokens = token_cache::TokenCache::builder(vendor.vendor.clone()).http_client(failing);
    let tokens = tokens
        .wait_timeout(std::time::Duration::from_millis(100))
        .build()
        .unwrap();
    let agent = token_ureq::agent(tokens.blocking(), |config| config.build().new_agent());
    let error = agent.get(vendor.url()).call().unwrap_err();
    assert!(token_ureq::token_error(&error).is_some(), "{error}");
    assert_eq!(vendor.api.received().len(), 0);
}

#[test]
fn other_middleware_sees_each_send_once() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};
    let vendor = Vendor::that_refuses(ApiRefusal::Status);
    let sends = Arc::new(AtomicU32::new(0));
    let agent = token_ureq::agent(vendor.tokens().blocking(), |config| {
        let sends = sends.clone();
        let counting = move |request: http::Request<ureq::SendBody<'_>>,
                             next: ureq::middleware::MiddlewareNext<'_>| {
            sends.fetch_add(1, Ordering::Relaxed);
            next.handle(request)
        };
        config.middleware(counting).build().new_agent()
    });
    agent.get(vendor.url()).call().unwrap();
    vendor.vendor.revoke();
    agent.get(vendor.url()).call().unwrap();
    assert_eq!(sends.load(Ordering::Relaxed), 3);
}

#[test]
fn the_error_of_a_request_that_may_not_be_sent_over_http_does_not_show_the_token() {
    let placement = token_core::TokenPlacement::Query("access_token".into());
    let vendor = Vendor::with(ApiRefusal::Status, placement);
    let agent = token_ureq::agent(vendor.tokens().blocking(), |config| {
        config.https_only(true).build().new_agent()
    });
    let error = agent.get(vendor.url()).call().unwrap_err();
    assert!(matches!(&error, Error::RequireHttpsOnly(url) if *url == vendor.url()));
    assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error}");
    assert_eq!(vendor.api.received().len(), 0);
}
