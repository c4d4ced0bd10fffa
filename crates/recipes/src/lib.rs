//! How clients that take their own credentials use a [`TokenCache`]. Each recipe is one file in
//! `examples/`, and `cargo test -p recipes --examples` runs them all.
//!
//! | recipe | client | where the client takes the token |
//! |---|---|---|
//! | `nats` | async-nats | `with_auth_callback`, before each connection |
//! | `mqtt` | rumqttc | `mqtt_options.set_credentials`, before each connection |
//! | `amqp` | fe2o3-amqp | SASL PLAIN, a new login for each connection |

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::reexports::{Bytes, http};
use vendor_auth::types::{BaseUrl, PlainHttp, http_fn};
use vendor_auth::{BuildError, TokenCache};

/// Returns a cache whose vendor is a closure. It issues `token-1`, `token-2` and so on, for an hour
/// each. The token may be sent to `api_url`.
///
/// # Errors
///
/// [`BuildError`] if `api_url` is not a URL.
pub fn tokens(api_url: &str) -> Result<TokenCache, BuildError> {
    let endpoint = OAuth2::token_url("https://id.example.com/oauth2/token")
        .client_id("recipes")
        .client_secret("not a secret")
        .client_credentials()
        .build()?;
    let issued = Arc::new(AtomicU32::new(0));
    let vendor = http_fn(move |_request| {
        let number = issued.fetch_add(1, Ordering::Relaxed) + 1;
        let answer = format!(r#"{{"access_token":"token-{number}","expires_in":3600}}"#);
        std::future::ready(Ok::<_, std::io::Error>(http::Response::new(Bytes::from(
            answer,
        ))))
    });
    let api = BaseUrl::parse(api_url, PlainHttp::Allowed)?;
    TokenCache::builder(endpoint)
        .http_client(vendor)
        .api_origin(api.origin())
        .build()
}
