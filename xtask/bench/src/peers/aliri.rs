//! `aliri_tokens`: a task renews the token, callers borrow what is there.

use std::sync::LazyLock;

use aliri::jwt::Audience;
use aliri_clock::DurationSecs;
use aliri_tokens::sources::oauth2::ClientCredentialsTokenSource;
use aliri_tokens::sources::oauth2::dto::{ClientCredentials, ClientCredentialsWithAudience};
use aliri_tokens::{
    BorrowedToken, ClientId, ClientSecret, TokenLifetimeConfig, TokenWatcher, backoff, jitter,
};
use http::HeaderValue;

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

/// Shared by those crates that have this version of reqwest.
pub static CLIENT: LazyLock<reqwest_0_12::Client> = LazyLock::new(reqwest_0_12::Client::new);

pub struct Aliri(TokenWatcher);

impl Peer for Aliri {
    type Native<'a> = BorrowedToken<'a>;

    const ABOUT: About = About {
        name: "aliri_tokens",
        dependencies: &["aliri", "aliri_clock", "aliri_tokens", "reqwest_0_12"],
        call: "`TokenWatcher::token`",
        expiry: "a task renews after three quarters of the life; callers get the last token, \
            also when it has expired",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let client = ClientCredentials {
            client_id: ClientId::from_static("app"),
            client_secret: ClientSecret::from_static("secret"),
        };
        let credentials = ClientCredentialsWithAudience {
            credentials: client.into(),
            audience: Audience::from_static("api"),
        };
        let source = ClientCredentialsTokenSource::new(
            CLIENT.clone(),
            setting.token_url().parse()?,
            credentials,
            TokenLifetimeConfig::default(),
        );
        let jitter = jitter::RandomEarlyJitter::new(DurationSecs(60));
        let backoff = backoff::ErrorBackoffConfig::default();
        let watcher = TokenWatcher::spawn_from_token_source(source, jitter, backoff);
        Ok(Self(watcher.await?))
    }

    async fn token(&self) -> Result<BorrowedToken<'_>, Error> {
        Ok(self.0.token())
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let token = format!("Bearer {}", self.0.token().access_token().as_str());
        put(HeaderValue::try_from(token)?);
        Ok(())
    }
}
