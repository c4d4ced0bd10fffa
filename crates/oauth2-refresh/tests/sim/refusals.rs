//! The simulated API refuses by the HTTP status, or by a code alone, and both are understood.

use token_core::ApiVerdict;
use token_sim::{ApiRefusal, Product};
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
    use Product::{BambooCloud, OneAccess, Rfc6749, Spring};
    for product in [BambooCloud, OneAccess, Rfc6749, Spring] {
        for (fixed, status, status_of_rights) in [(None, 401, 403), (Some(200), 200, 200)] {
            let server = OAuth2Server::builder().product(product);
            let server = match fixed {
                Some(status) => server.api_refusal_status(status),
                None => server,
            };
            let setup = Setup::of(server, |builder| builder).await;
            let token = setup.token();
            let accepted = setup.verdict(&token).await;
            assert_eq!(accepted, (200, ApiVerdict::Accepted));
            setup.sim.revoke_access_token();
            let refused = setup.verdict(&token).await;
            assert_eq!(refused, (status, ApiVerdict::TokenRefused), "{product:?}");
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
}
