//! The request that people write by hand, and the lock around its token.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use http::HeaderValue;
use serde::Deserialize;
use tokio::sync::RwLock;

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

/// Requests a token. Crates that cache what their users request get it.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    http: reqwest::Client,
    url: String,
}

#[derive(Debug, Deserialize)]
pub struct Issued {
    pub access_token: String,
    pub expires_in: u64,
}

impl TokenRequest {
    pub fn new(setting: &Setting) -> Self {
        Self {
            http: shared_client(),
            url: setting.token_url(),
        }
    }

    pub async fn send(&self) -> Result<Issued, reqwest::Error> {
        let form = [("grant_type", "client_credentials")];
        let request = self.http.post(&self.url).form(&form);
        let request = request.basic_auth("app", Some("secret"));
        request.send().await?.error_for_status()?.json().await
    }
}

/// One client serves the whole process, as reqwest's documentation wants it.
pub fn shared_client() -> reqwest::Client {
    static SHARED: LazyLock<reqwest::Client> = LazyLock::new(reqwest::Client::new);
    SHARED.clone()
}

impl Issued {
    pub fn life(&self) -> Duration {
        Duration::from_secs(self.expires_in)
    }
}

pub struct ByHand {
    request: TokenRequest,
    token: RwLock<Option<(String, Instant)>>,
}

/// Requests are sent before the token ends, so that it lives until they arrive.
const MARGIN: Duration = Duration::from_secs(30);

impl Peer for ByHand {
    type Native<'a> = String;

    const ABOUT: About = About {
        name: "RwLock by hand",
        dependencies: &["reqwest", "tokio", "serde"],
        call: "`RwLock<Option<(String, Instant)>>`, the `String` cloned",
        expiry: "a caller renews 30 s before the end; the others wait for the lock",
        kind: Kind::ByHand,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        Ok(Self {
            request: TokenRequest::new(setting),
            token: RwLock::new(None),
        })
    }

    async fn token(&self) -> Result<String, Error> {
        let is_fresh = |end: &Instant| *end > Instant::now() + MARGIN;
        if let Some((token, end)) = &*self.token.read().await
            && is_fresh(end)
        {
            return Ok(token.clone());
        }
        let mut held = self.token.write().await;
        if let Some((token, end)) = &*held
            && is_fresh(end)
        {
            return Ok(token.clone());
        }
        let issued = self.request.send().await?;
        let end = Instant::now() + issued.life();
        *held = Some((issued.access_token.clone(), end));
        Ok(issued.access_token)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let text = format!("Bearer {}", self.token().await?);
        put(HeaderValue::try_from(text)?);
        Ok(())
    }
}
