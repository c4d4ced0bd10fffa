//! This project, with the client of the process.

use http::HeaderValue;
use oauth2_refresh::OAuth2;
use oauth2_refresh::token_cache::{TokenCache, TokenGuard};

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct Ours(TokenCache);

impl Peer for Ours {
    type Native<'a> = TokenGuard;

    const ABOUT: About = About {
        name: "token-cache",
        dependencies: &["oauth2-refresh", "token-reqwest"],
        call: "`TokenCache::token`",
        expiry: "refreshes in the last quarter of the life, never hands out an expired token",
        kind: Kind::Ours,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        Ok(Self(token_reqwest::builder(server(setting)?)?.build()?))
    }

    async fn token(&self) -> Result<TokenGuard, Error> {
        Ok(self.0.token().await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let token = self.0.token().await?;
        let (_, value) = token.header().ok_or("the token is in no header")?;
        put(value.clone());
        Ok(())
    }
}

/// Returns the server that issues the token.
pub(super) fn server(setting: &Setting) -> Result<OAuth2, Error> {
    Ok(OAuth2::token_url(setting.token_url())
        .allow_plain_http()
        .client_id("app")
        .client_secret("secret")
        .client_credentials()
        .build()?)
}
