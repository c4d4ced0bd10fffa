//! Caches of the server's clients.

use std::path::Path;
use std::time::Duration;

use anyhow::Result;
use token_file::FileStore;
use vendor_auth::cache::{Backoff, TokenCacheBuilder};
use vendor_auth::oauth2::{ClientAuthentication, OAuth2, OAuth2Builder};
use vendor_auth::types::RefreshPolicy;
use vendor_auth::{ReqwestClient, Secret, Token, TokenCache};

use super::provider::{Client, Provider, Ready};

/// The server writes whole seconds and counts them from the start of the current second, so a token
/// of four seconds may expire after three. A refresh in the last 600 thousandths, at 1.6 s, is
/// early enough on a busy machine too.
const AHEAD_PERMILLE: u32 = 600;

/// The longest pause of a cache after a failure.
pub(super) const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// The client with the plainest settings.
pub(super) const WEB: &str = "web";

impl Ready {
    /// Returns the endpoint of a client, as its user would describe it.
    pub(super) fn describe(&self, client: &Client) -> OAuth2Builder {
        let mut described = OAuth2::builder(&self.issuer)
            .allow_plain_http()
            .token_path(&self.token_endpoint)
            .revocation_path(&self.revocation_endpoint)
            .introspection_path(&self.introspection_endpoint)
            .client_id(&client.id)
            .account("interop");
        if let Some(secret) = &client.secret {
            described = described.client_secret(secret.as_str());
        }
        match client.method.as_str() {
            "client_secret_post" => described.client_authentication(ClientAuthentication::Post),
            _ => described,
        }
    }
}

impl Provider {
    /// Returns the endpoint of a client, as its user would describe it.
    pub(super) fn describe(&self, client: &Client) -> OAuth2Builder {
        self.ready().describe(client)
    }

    /// Returns the endpoint of the client with this id.
    pub(super) fn endpoint(&self, id: &str) -> Result<OAuth2> {
        Ok(self.describe(self.client(id)?).build()?)
    }

    /// Returns a cache with the refresh token of a new grant, and resets the counts.
    pub(super) async fn granted(&self, id: &str) -> Result<TokenCache> {
        self.forget_stats().await?;
        cache_from(self.endpoint(id)?, &self.mint(id).await?)
    }
}

/// Returns an empty cache.
pub(super) fn cache(endpoint: OAuth2) -> Result<TokenCache> {
    Ok(settled(endpoint)?.build()?)
}

/// Returns a cache that starts with this refresh token.
pub(super) fn cache_from(endpoint: OAuth2, refresh_token: &Secret) -> Result<TokenCache> {
    let first = Token::from_refresh_token(refresh_token.clone())?;
    Ok(settled(endpoint)?.initial_token(first).build()?)
}

/// Returns a cache over a folder that other processes share, which starts with this refresh token
/// if the folder is empty.
pub(super) fn cache_over(
    endpoint: OAuth2,
    folder: &Path,
    refresh_token: Secret,
) -> Result<TokenCache> {
    let first = Token::from_refresh_token(refresh_token)?;
    let builder = settled(endpoint)?
        .initial_token(first)
        .store(FileStore::at(folder));
    Ok(builder.build()?)
}

fn settled(endpoint: OAuth2) -> Result<TokenCacheBuilder> {
    let backoff = Backoff::default()
        .first(Duration::from_millis(200))
        .longest(LONGEST_PAUSE);
    Ok(TokenCache::builder(endpoint)
        .http_client(ReqwestClient::new()?)
        .refresh_policy(RefreshPolicy::default().refreshed_in_the_last(AHEAD_PERMILLE))
        .backoff(backoff))
}
