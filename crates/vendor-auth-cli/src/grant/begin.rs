//! Begins and ends the grant of a profile.

use std::time::Duration;

use vendor_auth::cache::{Drained, LoggedOut};
use vendor_auth::{ErrorKind, OneTimeGrant, TokenGuard};

use super::{Grant, WHILE_VALID, Wanted};
use crate::config::Config;
use crate::config::login::Login;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::signals;

impl Grant {
    /// Opens the grant of a profile that somebody wants to log in to. The credentials are read
    /// once, for the endpoint and for the login.
    pub(crate) fn open_for_login(
        config: &Config,
        profile: &Profile,
        within: Duration,
    ) -> Result<(Self, Login), Failure> {
        let config = config.of(profile);
        let (endpoint, login) = profile
            .endpoint_and_login()
            .map_err(|mistake| config.mistake(&mistake))?;
        Ok((Self::online(config, profile, endpoint, within)?, login))
    }

    /// Fails if the store cannot be read.
    pub(crate) async fn check_store(&self) -> Result<(), Failure> {
        match self.tokens.load().await {
            Err(error) if error.kind() == ErrorKind::Store => Err(self.failure(&error)),
            _ => Ok(()), // A grant that was ended is what the login is for.
        }
    }

    /// Requests another token, to show that the credentials are good.
    pub(crate) async fn prove(&self) -> Result<TokenGuard, Failure> {
        let wanted = Wanted {
            force: true,
            ..Wanted::default()
        };
        signals::interruptible(&self.tokens, self.newest(wanted, None)).await
    }

    /// Begins the grant with a one-time code or a password, and waits until it is stored.
    pub(crate) async fn redeem(&self, first: OneTimeGrant) -> Result<TokenGuard, Failure> {
        let redeemed = self.tokens.redeem(first).await;
        let token = redeemed.map_err(|error| self.failure(&error))?;
        if self.tokens.drain(WHILE_VALID).await == Drained::Unsettled {
            let name = &self.profile.name;
            return Err(Failure::store(format!(
                "{name}: the token was obtained, but the store did not take it; repair the store, \
                 and log in again with `vendor-auth login {name}`"
            )));
        }
        self.last_failure.clear();
        Ok(token)
    }

    /// Ends the grant here, in the store and at the vendor.
    pub(crate) async fn log_out(&self) -> Result<LoggedOut, Failure> {
        let ended = self.tokens.logout().await;
        let ended = ended.map_err(|error| self.failure(&error))?;
        self.last_failure.clear();
        Ok(ended)
    }
}
