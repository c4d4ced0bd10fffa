//! `huskarl`: its grant of client credentials and its cache in memory.

use std::sync::Arc;

use http::HeaderValue;
use huskarl::cache::{
    GrantTokenSource, InMemoryRefreshTokenStore, InMemoryTokenCache, TokenSource as _,
};
use huskarl::core::client_auth::ClientSecret;
use huskarl::core::secrets::{ProvidedSecret, SecretString};
use huskarl::grant::client_credentials::{
    ClientCredentialsGrant, ClientCredentialsGrantParameters,
};
use huskarl::grant::core::TokenResponse;
use huskarl_reqwest::ReqwestClient;

use super::by_hand::shared_client;
use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

type Source = GrantTokenSource<ClientCredentialsGrant, InMemoryRefreshTokenStore>;

pub struct Huskarl(InMemoryTokenCache<Source>);

impl Peer for Huskarl {
    type Native<'a> = Arc<TokenResponse>;

    const ABOUT: About = About {
        name: "huskarl",
        dependencies: &["huskarl", "huskarl-reqwest", "reqwest"],
        call: "`InMemoryTokenCache::token`",
        expiry: "a caller renews 30 to 60 s before the end, or at a share of a short life",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let secret = ProvidedSecret::new(SecretString::new("secret"));
        let grant = ClientCredentialsGrant::builder()
            .client_id("app")
            .client_auth(ClientSecret::new(secret))
            .http_client(ReqwestClient::from(shared_client()))
            .token_endpoint(setting.token_url().parse()?)
            .build();
        let source = GrantTokenSource::builder()
            .grant(grant)
            .grant_parameters(ClientCredentialsGrantParameters::builder().build())
            .refresh_store(InMemoryRefreshTokenStore::default())
            .build();
        Ok(Self(InMemoryTokenCache::builder().source(source).build()))
    }

    async fn token(&self) -> Result<Arc<TokenResponse>, Error> {
        Ok(self.0.token().await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        put(self.0.token().await?.access_token().expose_header_value()?);
        Ok(())
    }
}
