//! How the protected resources refuse: by the HTTP status, or by a code alone.

use token_sim::{
    ApiRefusal, EnosServer, ErrorShape, OAuth2Server, PrivateCloudServer, Product,
    QuectelEndUserServer, QuectelSaasServer, RefusedToken, Simulation,
};

use crate::support::{Request, Response};

async fn call(sim: &Simulation, token: &str) -> Response {
    let bearer = match token.contains(' ') {
        true => token.to_owned(),
        false => format!("Bearer {token}"),
    };
    let request = Request::new("GET", "/resource").auth(&bearer);
    request.answer(sim.addr()).await
}

/// A multipart upload, which EnOS does not check for a signature.
async fn upload(sim: &Simulation, token: &str) -> Response {
    let request = Request::new("POST", "/resource").header("apim-accesstoken", token);
    let request = request.header("content-type", "multipart/form-data; boundary=b");
    request.answer(sim.addr()).await
}

#[tokio::test]
async fn quectel_saas_refuses_a_token_with_each_documented_code_and_any_status() {
    let rows = [
        (RefusedToken::Unauthorized, 401),
        (RefusedToken::DoesNotExist, 91_001),
        (RefusedToken::Incorrect, 91_004),
    ];
    for (refused, code) in rows {
        let builder = || QuectelSaasServer::builder().refused_token(refused);
        let by_status = builder().start().await.unwrap();
        let by_code = builder().api_refusal_status(200).start().await.unwrap();
        for (sim, status) in [(by_status, 401), (by_code, 200)] {
            let grant = sim.grant();
            let (token, before) = (grant.access_token(), call(&sim, grant.access_token()).await);
            assert_eq!((before.status, before.number("/code")), (200, 200));
            sim.revoke_access_token();
            let after = call(&sim, token).await;
            assert_eq!((after.status, after.number("/code")), (status, code));
        }
    }
}

#[tokio::test]
async fn quectel_names_a_missing_right_and_a_blocked_address() {
    let saas = QuectelSaasServer::start().await.unwrap();
    let app = QuectelEndUserServer::start().await.unwrap();
    let rows = [
        (ApiRefusal::Token, (401, 401), (401, 5032)),
        (ApiRefusal::Rights, (403, 91_005), (403, 5041)),
        (ApiRefusal::TooManyRequests, (429, i64::MIN), (429, 5148)),
    ];
    for (why, of_saas, of_app) in rows {
        saas.refuse_next_api_request(why);
        app.refuse_next_api_request(why);
        let grants = (saas.grant(), app.grant());
        let seen = call(&saas, grants.0.access_token()).await;
        let code = match seen.body.is_empty() {
            true => i64::MIN,
            false => seen.number("/code"),
        };
        assert_eq!((seen.status, code), of_saas);
        let seen = call(&app, grants.1.access_token()).await;
        assert_eq!((seen.status, seen.number("/code")), of_app);
        assert_eq!(call(&saas, grants.0.access_token()).await.status, 200);
        assert_eq!(call(&app, grants.1.access_token()).await.status, 200);
    }
}

#[tokio::test]
async fn enos_refuses_with_the_gateways_codes() {
    let by_status = EnosServer::start().await.unwrap();
    let by_code = EnosServer::builder().api_refusal_status(200).start().await;
    let rows = [
        (ApiRefusal::Token, 401, 401),
        (ApiRefusal::Rights, 403, 498),
        (ApiRefusal::TooManyRequests, 429, 429),
    ];
    for (sim, fixed) in [(by_status, None), (by_code.unwrap(), Some(200))] {
        for (why, status, code) in rows {
            sim.refuse_next_api_request(why);
            let grant = sim.grant();
            let seen = upload(&sim, grant.access_token()).await;
            assert_eq!(
                (seen.status, seen.number("/status")),
                (fixed.unwrap_or(status), code)
            );
            assert_eq!(
                upload(&sim, grant.access_token()).await.number("/status"),
                0
            );
        }
        let unsigned = Request::new("GET", "/resource");
        let unsigned = unsigned.header("apim-accesstoken", sim.grant().access_token());
        let seen = unsigned.answer(sim.addr()).await;
        assert_eq!(
            (seen.status, seen.number("/status")),
            (fixed.unwrap_or(401), 497)
        );
    }
}

#[tokio::test]
async fn a_private_cloud_refuses_in_the_shape_that_was_set() {
    let builder = PrivateCloudServer::builder;
    let rows = [
        (builder(), 401, "/error", "invalid_token"),
        (
            builder().api_refusal_status(200),
            200,
            "/error",
            "invalid_token",
        ),
        (
            builder().api_errors(ErrorShape::Code),
            200,
            "/message",
            "Invalid access token",
        ),
    ];
    for (builder, status, pointer, text) in rows {
        let sim = builder.start().await.unwrap();
        let seen = call(&sim, "unknown").await;
        assert_eq!((seen.status, seen.text(pointer).as_str()), (status, text));
    }
    let sim = PrivateCloudServer::start().await.unwrap();
    sim.refuse_next_api_request(ApiRefusal::Rights);
    let seen = call(&sim, sim.grant().access_token()).await;
    seen.assert_error(403, "insufficient_scope");
}

#[tokio::test]
async fn an_oauth2_resource_challenges_unless_the_status_is_a_success() {
    let builder = || OAuth2Server::builder().product(Product::Rfc6749);
    let by_status = builder().start().await.unwrap();
    let by_code = builder().api_refusal_status(200).start().await.unwrap();
    let seen = call(&by_status, "unknown").await;
    seen.assert_error(401, "invalid_token");
    let challenge = "Bearer error=\"invalid_token\"";
    assert_eq!(seen.header("www-authenticate"), Some(challenge));
    let seen = call(&by_code, "unknown").await;
    seen.assert_error(200, "invalid_token");
    assert_eq!(seen.header("www-authenticate"), None);

    by_status.refuse_next_api_request(ApiRefusal::Rights);
    let seen = call(&by_status, by_status.grant().access_token()).await;
    seen.assert_error(403, "insufficient_scope");
    let challenge = "Bearer error=\"insufficient_scope\"";
    assert_eq!(seen.header("www-authenticate"), Some(challenge));
    by_code.refuse_next_api_request(ApiRefusal::TooManyRequests);
    let seen = call(&by_code, by_code.grant().access_token()).await;
    assert_eq!((seen.status, seen.header("retry-after")), (429, Some("1")));
}
