//! Makes what the pool works with for an account: the secrets are read then, and not before.

use std::sync::Arc;

use tokio::task::spawn_blocking;
use vendor_auth::types::Scrubber;
use vendor_auth::{Error, ErrorKind, PoolAccount, Token, TokenPool, TokenPoolBuilder};

use super::known::Known;
use crate::config::profile::{Credentials, Profile};
use crate::failure::Failure;

/// Returns the builder of this profile's pool. An account that is no longer known gets no token.
pub(super) fn pool_of(profile: Arc<Profile>, known: Arc<Known>) -> TokenPoolBuilder {
    TokenPool::builder_from(move |account| {
        let (profile, known) = (Arc::clone(&profile), Arc::clone(&known));
        async move {
            known.check_listed(&profile, &account).await?;
            // A program or a slow disk delays nothing else.
            let made = spawn_blocking(move || account_of(&profile, &account)).await;
            made.unwrap_or_else(|_| {
                Err(Error::new(ErrorKind::Config, "reading its secrets failed"))
            })
        }
    })
}

fn account_of(pool: &Profile, account: &str) -> Result<PoolAccount, Error> {
    let profile = pool.of_account(account).map_err(|it| wrong(&it))?;
    let mistaken =
        |mistake: crate::config::document::Mistake| wrong(&mistake.in_file(profile.config()));
    let endpoint = profile.endpoint(Credentials::Read).map_err(mistaken)?;
    let made = PoolAccount::of(endpoint);
    Ok(match profile.first_refresh_token().map_err(mistaken)? {
        Some(first) => made.initial_token(Token::from_refresh_token(first)?),
        None => made,
    })
}

fn wrong(failure: &Failure) -> Error {
    let why = failure.to_string();
    Error::new(ErrorKind::Config, "its profile cannot be used")
        .with_message(&why, &Scrubber::new([]))
}
