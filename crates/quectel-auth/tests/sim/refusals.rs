//! The simulated APIs refuse by the HTTP status, or by a code alone, and both are understood.

use quectel_auth::{AccessKey, EndUser};
use token_core::{ApiVerdict, Secret, TokenPlacement, Validity};
use token_sim::{ApiRefusal, Issued, QuectelEndUserServer, QuectelSaasServer, RefusedToken};
use token_testkit::judge;

use super::*;

const STATUSES: [u16; 2] = [401, 200];

async fn verdict(
    endpoint: &impl TokenEndpoint,
    sim: &Simulation,
    grant: &Issued,
) -> (u16, ApiVerdict) {
    let access = Secret::from(grant.access_token());
    let validity = Validity::without_end(now(sim));
    let token = Token::builder(access, validity).placement(TokenPlacement::Verbatim);
    let request = http::Request::get(sim.resource_url()).body(Bytes::new());
    let http = ReqwestClient::new().unwrap();
    let token = token.build().unwrap();
    let response = call(endpoint, &http, &token, request.unwrap(), now(sim)).await;
    let response = response.unwrap();
    (response.status().as_u16(), judge(endpoint, &response))
}

// FAULTS.md row 117
#[tokio::test]
async fn a_saas_token_refused_by_a_code_alone_is_judged_like_a_401() {
    use RefusedToken::{DoesNotExist, Incorrect, Unauthorized};
    for code in [Unauthorized, DoesNotExist, Incorrect] {
        for status in STATUSES {
            let builder = QuectelSaasServer::builder().refused_token(code);
            let sim = builder.api_refusal_status(status).start().await.unwrap();
            let endpoint = AccessKey::builder(sim.base_url())
                .access_key(sim.access_key())
                .access_secret(sim.access_secret())
                .allow_plain_http()
                .build()
                .unwrap();
            let grant = sim.grant();
            let accepted = verdict(&endpoint, &sim, &grant).await;
            assert_eq!(accepted, (200, ApiVerdict::Accepted));
            sim.revoke_access_token();
            let refused = verdict(&endpoint, &sim, &grant).await;
            assert_eq!(refused, (status, ApiVerdict::TokenRefused), "{code:?}");
            sim.refuse_next_api_request(ApiRefusal::Rights);
            let refused = verdict(&endpoint, &sim, &grant).await;
            assert_eq!(refused, (status, ApiVerdict::InsufficientScope));
            sim.refuse_next_api_request(ApiRefusal::TooManyRequests);
            let after = Some(Duration::from_secs(1));
            let throttled = verdict(&endpoint, &sim, &grant).await;
            assert_eq!(throttled, (429, ApiVerdict::Throttled { after }));
        }
    }
}

// FAULTS.md row 117
#[tokio::test]
async fn an_app_token_refused_by_a_code_alone_is_judged_like_a_401() {
    for status in STATUSES {
        let builder = QuectelEndUserServer::builder().api_refusal_status(status);
        let sim = builder.start().await.unwrap();
        let endpoint = EndUser::builder(sim.base_url())
            .account("ada")
            .user_domain(sim.user_domain(), sim.user_domain_secret())
            .allow_plain_http()
            .build()
            .unwrap();
        let grant = sim.grant();
        let accepted = verdict(&endpoint, &sim, &grant).await;
        assert_eq!(accepted, (200, ApiVerdict::Accepted));
        sim.revoke_access_token();
        let refused = verdict(&endpoint, &sim, &grant).await;
        assert_eq!(refused, (status, ApiVerdict::TokenRefused));
        sim.refuse_next_api_request(ApiRefusal::Rights);
        let refused = verdict(&endpoint, &sim, &grant).await;
        assert_eq!(refused, (status, ApiVerdict::InsufficientScope));
        sim.refuse_next_api_request(ApiRefusal::TooManyRequests);
        let after = Some(Duration::from_secs(20 * 60));
        let throttled = verdict(&endpoint, &sim, &grant).await;
        assert_eq!(throttled, (status, ApiVerdict::Throttled { after }));
    }
}
