//! The simulated gateway refuses by the HTTP status, or by a code alone, and both are understood.

use token_core::ApiVerdict;
use token_sim::ApiRefusal;
use token_testkit::judge;

use super::*;

impl Setup {
    async fn verdict(&self, token: &Token, at: Timestamp) -> (u16, ApiVerdict) {
        let request = http::Request::get(self.sim.resource_url()).body(Bytes::new());
        let response = call(&self.endpoint, &self.http, token, request.unwrap(), at).await;
        let response = response.unwrap();
        (response.status().as_u16(), judge(&self.endpoint, &response))
    }
}

// FAULTS.md row 117
#[tokio::test]
async fn a_token_refused_by_a_code_alone_is_judged_like_a_401() {
    for status in [401, 200] {
        let server = EnosServer::builder().api_refusal_status(status);
        let setup = Setup::of(server, |builder| builder).await;
        let token = setup.get().await.unwrap();
        let accepted = setup.verdict(&token, setup.now()).await;
        assert_eq!(accepted, (200, ApiVerdict::Accepted));
        let late = setup.now().before(Duration::from_secs(11 * 60));
        let mistrusted = setup.verdict(&token, late).await;
        assert_eq!(mistrusted, (status, ApiVerdict::Other));
        let rows = [
            (ApiRefusal::Token, ApiVerdict::TokenRefused),
            (ApiRefusal::Rights, ApiVerdict::InsufficientScope),
            (
                ApiRefusal::TooManyRequests,
                ApiVerdict::Throttled { after: None },
            ),
        ];
        for (why, expected) in rows {
            setup.sim.refuse_next_api_request(why);
            let seen = setup.verdict(&token, setup.now()).await;
            assert_eq!(seen, (status, expected));
        }
        setup.sim.revoke_access_token();
        let refused = setup.verdict(&token, setup.now()).await;
        assert_eq!(refused, (status, ApiVerdict::TokenRefused));
    }
}
