#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Uses an HTTP client of your own, in two ways: a reqwest client with your settings, and an
//! implementation of [`HttpClient`] that wraps it.
//!
//! ```sh
//! cargo run --example own_http_client --features oauth2
//! ```

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bytes::Bytes;
use token_sim::OAuth2Server as Simulated;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::reexports::async_trait;
use vendor_auth::types::{HttpClient, SendError};
use vendor_auth::{ReqwestClient, Secret, TokenCache};

/// Counts the requests that another client sends.
#[derive(Debug)]
struct Counting {
    inner: ReqwestClient,
    sent: Arc<AtomicU32>,
}

#[async_trait]
impl HttpClient for Counting {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        self.sent.fetch_add(1, Ordering::Relaxed);
        self.inner.send(request, within).await
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let sim = Simulated::builder().start().await?;
    let grant = sim.grant();
    let endpoint = OAuth2::builder(sim.base_url())
        .token_path("/api/v1/oauth2/token")
        .client_id("sim-client")
        .client_secret("sim-secret")
        .account("own-http-client")
        .allow_plain_http()
        .build()?;

    // DNS, proxy and TLS are as you configure them. Redirects, `Referer` and retries are always
    // switched off.
    let settings =
        || reqwest::Client::builder().local_address(std::net::IpAddr::from([127, 0, 0, 1]));
    let sent = Arc::new(AtomicU32::new(0));
    let http = Counting {
        inner: ReqwestClient::from_builder(settings)?,
        sent: sent.clone(),
    };
    // Kept in memory, since the simulated server ends with this process. A real grant needs a
    // durable store.
    let refresh_token = Secret::from(grant.refresh_token().unwrap_or_default());
    let tokens = TokenCache::builder(endpoint)
        .http_client(http)
        .refresh_token(refresh_token)
        .build()?;

    let generation = tokens.token().await?.generation();
    println!(
        "generation {generation} after {} request(s)",
        sent.load(Ordering::Relaxed)
    );
    Ok(())
}
