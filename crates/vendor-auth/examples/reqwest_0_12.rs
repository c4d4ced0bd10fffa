#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Sends token requests with reqwest 0.12, by `http_fn`: any client can be used that way.
//!
//! ```sh
//! cargo run --example reqwest_0_12 --features oauth2
//! ```

use std::error::Error;

use bytes::Bytes;
use reqwest_0_12 as reqwest;
use token_sim::OAuth2Server as Simulated;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::{LONGEST_BODY, http_fn};
use vendor_auth::{Secret, TokenCache};

/// Sends a token request. The rules of `http_fn` are kept here: the client follows no redirect and
/// keeps no connection, and no more of the answer is read than a token needs.
async fn send(
    client: reqwest::Client,
    request: http::Request<Bytes>,
) -> Result<http::Response<Bytes>, Box<dyn Error + Send + Sync>> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut response = http::Response::new(Bytes::new());
    *response.status_mut() = answer.status();
    *response.headers_mut() = std::mem::take(answer.headers_mut());
    let mut body = Vec::new();
    while let Some(part) = answer.chunk().await? {
        body.extend_from_slice(&part);
        if body.len() > LONGEST_BODY {
            return Err("the answer is too long".into());
        }
    }
    Ok(response.map(|_| body.into()))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sim = Simulated::builder().start().await?;
    let grant = sim.grant();
    let endpoint = OAuth2::token_url(format!("{}/api/v1/oauth2/token", sim.base_url()))
        .client_id("sim-client")
        .client_secret("sim-secret")
        .account("reqwest-0.12")
        .allow_plain_http()
        .build()?;

    let no_redirects = reqwest::redirect::Policy::none();
    let client = reqwest::Client::builder().redirect(no_redirects);
    let client = client.pool_max_idle_per_host(0).build()?;
    let refresh_token = Secret::from(grant.refresh_token().unwrap_or_default());
    let tokens = TokenCache::builder(endpoint)
        .http_client(http_fn(move |request| send(client.clone(), request)))
        .refresh_token(refresh_token)
        .build()?;
    println!("generation {}", tokens.token().await?.generation());
    Ok(())
}
