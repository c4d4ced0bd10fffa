//! A new grant takes the place of whatever was there.

use token_core::{Error, Generation, OneTimeGrant, Rotation, Token};

use super::adopt::stored_generation;
use super::exchange::{Issued, RetryPolicy};
use super::lease::Lease;
use super::new_grants::NewGrant;
use super::stored::Stored;
use super::{Refresher, as_generation_after};
use crate::current::events::Origin;
use crate::current::session::Session;

impl Refresher {
    pub(super) async fn begin_grant(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: &Stored,
        grant: NewGrant,
    ) -> Result<(), Error> {
        match grant {
            NewGrant::Redeem(grant) => self.redeem(session, lease, stored, grant).await,
            NewGrant::Set(token) => self.set_token(session, lease, stored, token).await,
        }
    }

    /// Sends a code or a password, once, and only after the store has shown that it can be written.
    async fn redeem(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: &Stored,
        grant: OneTimeGrant,
    ) -> Result<(), Error> {
        let newest_generation = self.declare_grant(session, lease, stored).await?;
        let redeemed = self.exchange(session, grant).await;
        if redeemed.is_err() {
            self.restore_intent(stored).await;
        }
        let issued = as_generation_after(redeemed?, newest_generation);
        self.commit(session, &issued, &self.by_our_login(), Origin::Redemption)
            .await
    }

    /// Takes over a token that the user has.
    pub(super) async fn set_token(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: &Stored,
        token: Token,
    ) -> Result<(), Error> {
        let newest_generation = self.declare_grant(session, lease, stored).await?;
        let issued = as_generation_after(Issued::of(token, session.now()), newest_generation);
        self.commit(session, &issued, &self.by_our_login(), Origin::Redemption)
            .await
    }

    async fn exchange(&self, session: Session<'_>, grant: OneTimeGrant) -> Result<Issued, Error> {
        let exchanger = self.exchanger(session).await?;
        let request = grant.into_request(&self.attempt(&session.now()))?;
        let limits = self.limits(Rotation::SingleUse, RetryPolicy::Never);
        exchanger.redeem(limits, request).await
    }

    /// Declares the new grant, and returns the newest generation that is known. The new grant
    /// follows it, so that an owner that missed a logout does not take it for an ancestor of the
    /// old one.
    async fn declare_grant(
        &self,
        session: Session<'_>,
        lease: &Lease<'_>,
        stored: &Stored,
    ) -> Result<Option<Generation>, Error> {
        self.initial.learn_from(stored);
        let newest_generation = stored_generation(stored).max(session.token_generation());
        let declared = self.declare(lease, None, newest_generation).await?;
        declared.map_err(|error| error.to_error())?;
        Ok(newest_generation)
    }
}
