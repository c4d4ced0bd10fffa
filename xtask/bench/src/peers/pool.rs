//! This project's pool, with one account.

use http::HeaderValue;
use token_cache::{TokenGuard, TokenPool};
use token_reqwest::ReqwestClient;

use super::ours::server;
use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct Pool(TokenPool);

const ACCOUNT: &str = "customer-17";

impl Peer for Pool {
    type Native<'a> = TokenGuard;

    const ABOUT: About = About {
        name: "token-cache, TokenPool",
        dependencies: &["oauth2-refresh", "token-cache", "token-reqwest"],
        call: "`TokenPool::token`, of one account",
        expiry: "as `TokenCache`",
        kind: Kind::OurPool,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let server = server(setting)?;
        let server = move |account: &str| Ok(server.for_account(account)?);
        let pool = TokenPool::builder(server).http_client(ReqwestClient::shared()?);
        Ok(Self(pool.build()?))
    }

    async fn token(&self) -> Result<TokenGuard, Error> {
        Ok(self.0.token(ACCOUNT).await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let token = self.0.token(ACCOUNT).await?;
        let (_, value) = token.header().ok_or("the token is in no header")?;
        put(value.clone());
        Ok(())
    }
}
