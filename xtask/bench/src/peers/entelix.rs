//! `entelix-cloud`: a cache around a request of one's own.

use std::sync::Arc;
use std::time::Instant;

use entelix_cloud::CloudError;
use entelix_cloud::refresh::{CachedTokenProvider, TokenRefresher, TokenSnapshot};
use http::HeaderValue;

use super::by_hand::TokenRequest;
use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct Entelix(CachedTokenProvider<Arc<str>>);

struct Refresher(TokenRequest);

#[async_trait::async_trait]
impl TokenRefresher<Arc<str>> for Refresher {
    async fn refresh(&self) -> Result<TokenSnapshot<Arc<str>>, CloudError> {
        let issued = self.0.send().await;
        let issued = issued.map_err(|error| CloudError::credential_msg(error.to_string()))?;
        Ok(TokenSnapshot {
            expires_at: Instant::now() + issued.life(),
            value: issued.access_token.into(),
        })
    }
}

impl Peer for Entelix {
    type Native<'a> = Arc<str>;

    const ABOUT: About = About {
        name: "entelix-cloud",
        dependencies: &["entelix-cloud", "async-trait", "reqwest"],
        call: "`CachedTokenProvider::current`",
        expiry: "a caller renews 5 min before the end; the others wait for it",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let refresher = Refresher(TokenRequest::new(setting));
        Ok(Self(CachedTokenProvider::new(Arc::new(refresher))))
    }

    async fn token(&self) -> Result<Arc<str>, Error> {
        Ok(self.0.current().await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let text = format!("Bearer {}", self.0.current().await?);
        put(HeaderValue::try_from(text)?);
        Ok(())
    }
}
