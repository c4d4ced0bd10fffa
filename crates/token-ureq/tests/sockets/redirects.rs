//! Redirects: ureq follows them inside of the middleware, with all headers but `Authorization`.

use http::HeaderName;
use token_core::TokenPlacement;
use ureq::RequestExt;
use ureq::config::RedirectAuthHeaders;

use crate::api::{Vendor, answer};

fn placements() -> [TokenPlacement; 3] {
    [
        TokenPlacement::Bearer,
        TokenPlacement::Header(HeaderName::from_static("apim-accesstoken")),
        TokenPlacement::Query("access_token".into()),
    ]
}

/// An API that redirects to the other one, or to itself.
fn redirecting(status: u16, placement: TokenPlacement, to: String) -> Vendor {
    Vendor::that_answers(placement, move |_| answer(status, ("location", &to), ""))
}

#[test]
fn no_redirect_takes_the_token_anywhere_and_the_caller_gets_it() {
    for status in [301, 302, 303, 307, 308] {
        for placement in placements() {
            let other =
                Vendor::that_answers(TokenPlacement::Bearer, |_| answer(200, ("x-a", "b"), ""));
            for to in [other.url(), "/elsewhere".to_owned()] {
                let vendor = redirecting(status, placement.clone(), to);
                let agent = token_ureq::agent(vendor.tokens().blocking(), |config| {
                    let config = config.redirect_auth_headers(RedirectAuthHeaders::SameHost);
                    config.build().new_agent()
                });
                let response = agent.get(vendor.url()).call().unwrap();
                assert_eq!(response.status(), status);
                let own = agent.get(vendor.url()).config().max_redirects(5).build();
                assert_eq!(own.call().unwrap().status(), status);
                assert_eq!(vendor.api.received().len(), 2);
            }
            assert_eq!(other.api.received().len(), 0);
        }
    }
}

#[test]
fn a_request_without_the_token_follows_redirects_as_the_program_has_set() {
    let other = Vendor::that_answers(TokenPlacement::Bearer, |_| {
        answer(200, ("x-a", "b"), "there")
    });
    let vendor = redirecting(302, TokenPlacement::Bearer, other.url());
    let request = http::Request::get(vendor.url()).extension(token_cache::WithoutToken);
    let agent = vendor.agent();
    let mut response = request.body(()).unwrap().with_agent(&agent).run().unwrap();
    assert_eq!(response.body_mut().read_to_string().unwrap(), "there");
    assert!(
        !other.api.received()[0]
            .headers()
            .contains_key("authorization")
    );
}

#[test]
fn ureq_itself_takes_a_vendors_header_to_another_host() {
    // The reason for the above. If this fails, redirects could be followed.
    let other = Vendor::that_answers(TokenPlacement::Bearer, |_| answer(200, ("x-a", "b"), ""));
    let vendor = redirecting(302, TokenPlacement::Bearer, other.url());
    let get = ureq::get(vendor.url()).header("apim-accesstoken", "A1");
    get.header("authorization", "Bearer A1").call().unwrap();
    let arrived = other.api.received().remove(0);
    assert_eq!(arrived.headers()["apim-accesstoken"], "A1");
    assert!(!arrived.headers().contains_key("authorization"));
}
