//! The simulated API refuses by the HTTP status, or by a code alone, and both are understood.

use token_core::ApiVerdict;
use token_sim::{ApiRefusal, PrivateCloudServer};
use token_testkit::judge;

use super::*;

impl Setup {
    async fn verdict(&self, token: &Token) -> (u16, ApiVerdict) {
        let request = http::Request::get(self.sim.resource_url()).body(Bytes::new());
        let (endpoint, http, now) = (&self.endpoint, &self.http, self.now());
        let response = call(endpoint, http, token, request.unwrap(), now).await;
        let response = response.unwrap();
        (response.status().as_u16(), judge(endpoint, &response))
    }
}

// FAULTS.md row 117
#[tokio::test]
async fn a_token_refused_by_a_code_alone_is_judged_like_a_401() {
    let server = PrivateCloudServer::builder;
    let rows = [
        (server(), 401, 403),
        (server().api_refusal_status(200), 200, 200),
        (server().api_errors(ErrorShape::Code), 200, 200),
        (server().api_errors(ErrorShape::Errcode), 200, 200),
        (server().api_errors(ErrorShape::Empty), 401, 403),
    ];
    for (server, status, status_of_rights) in rows {
        let setup = Setup::of(server, Dialect::default()).await;
        let token = setup.token().await;
        let accepted = setup.verdict(&token).await;
        assert_eq!(accepted, (200, ApiVerdict::Accepted));
        setup.sim.revoke_access_token();
        let refused = setup.verdict(&token).await;
        assert_eq!(refused, (status, ApiVerdict::TokenRefused));
        setup.sim.refuse_next_api_request(ApiRefusal::Rights);
        let refused = setup.verdict(&token).await;
        assert_eq!(refused, (status_of_rights, ApiVerdict::InsufficientScope));
        setup
            .sim
            .refuse_next_api_request(ApiRefusal::TooManyRequests);
        let after = Some(Duration::from_secs(1));
        let throttled = setup.verdict(&token).await;
        assert_eq!(throttled, (429, ApiVerdict::Throttled { after }));
    }
}

#[tokio::test]
async fn a_login_page_of_an_api_is_no_refusal() {
    for (shape, expected) in [
        (ErrorShape::LoginPage, (200, ApiVerdict::Accepted)),
        (ErrorShape::LoginRedirect, (302, ApiVerdict::Other)),
    ] {
        let server = PrivateCloudServer::builder().api_errors(shape);
        let setup = Setup::of(server, Dialect::default()).await;
        let token = setup.token().await;
        setup.sim.revoke_access_token();
        assert_eq!(setup.verdict(&token).await, expected);
    }
}
