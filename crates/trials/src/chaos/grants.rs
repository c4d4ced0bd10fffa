//! Grants that end in mid refresh: by a logout, or by a code that somebody redeems.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use token_sim::{CodeRequest, Exchange, Kind, Outcome};
use tokio::time::Instant;
use vendor_auth::types::Generation;

use super::crew::Crew;
use super::facts::Facts;
use super::oracle::LogOut;
use super::plan::{Code, Plan, Trouble};
use super::round::Play;
use super::words::Told;
use super::worker::REDIRECT_URI;

/// Nothing that a process is told takes nearly as long.
const LONGEST: Duration = Duration::from_secs(15);

impl Play {
    /// Tells a process to log out, and gives it time to do so while a request is held.
    pub(super) async fn logout(&mut self, by: usize) -> Result<()> {
        self.crew.log.say(&format!("process {by} is to log out"));
        self.leaver = Some(by);
        self.crew.forget_endings();
        self.crew.tell(by, &Told::LogOut).await;
        let done = |crew: &Crew| {
            crew.facts(by)
                .is_some_and(|facts| facts.logged_out.is_some())
        };
        self.crew.hear_until(Duration::from_millis(500), done).await;
        Ok(())
    }

    /// Tells a process to redeem a code, and gives it time to do so while a request is held.
    pub(super) async fn redeem(
        &mut self,
        by: usize,
        code: Code,
        for_ms: Option<u64>,
    ) -> Result<()> {
        self.crew
            .log
            .say(&format!("process {by} is to redeem a code: {code:?}"));
        self.redeemer = Some(by);
        self.crew.forget_endings();
        let code = match code {
            Code::Right => {
                let request = CodeRequest::new().redirect_uri(REDIRECT_URI);
                self.sim.authorization_code(request)
            }
            Code::Wrong => "mistyped".to_owned(),
        };
        self.crew.tell(by, &Told::Redeem { code }).await;
        let done = |crew: &Crew| crew.facts(by).is_some_and(|facts| facts.redeemed.is_some());
        let patience = Duration::from_millis(for_ms.unwrap_or(100));
        self.crew.hear_until(patience, done).await;
        Ok(())
    }

    /// Where the grant was to end in this round: judges how it did. Returns the first generation of
    /// the grant that follows a logout.
    pub(super) async fn end_grant(&mut self, plan: &Plan) -> Result<Option<u64>> {
        match plan.trouble {
            Trouble::LogOut { by, .. } => {
                if self.leaver.is_none() {
                    // Nobody had to refresh.
                    self.logout(by.unwrap_or_default()).await?;
                }
                self.after_logout().await.map(Some)
            }
            Trouble::Redeem { by, code, .. } => {
                if self.redeemer.is_none() {
                    self.redeem(by.unwrap_or_default(), code, None).await?;
                }
                self.after_redemption(code).await.map(|()| None)
            }
            _ => Ok(None),
        }
    }

    async fn after_logout(&mut self) -> Result<u64> {
        let by = self.leaver.take().context("nobody logged out")?;
        let done = |crew: &Crew| {
            crew.facts(by)
                .is_some_and(|facts| facts.logged_out.is_some())
        };
        ensure!(
            self.crew.hear_until(LONGEST, done).await,
            "a logout is not over after {} s",
            LONGEST.as_secs()
        );
        if let Some(Err(error)) = self
            .crew
            .facts(by)
            .and_then(|facts| facts.logged_out.clone())
        {
            bail!("a logout failed: {error}");
        }
        self.quiet_down().await?;
        self.read_journal()?;
        let entry = self.entry().await?;
        let removed = entry
            .tombstoned
            .then_some(entry.tombstoned_generation)
            .flatten();
        let grant = self.oracle.grant();
        let revokes = |call: &Exchange| call.kind == Kind::Revocation && call.grant == grant;
        let revoked = self.sim.journal().other_calls().iter().any(revokes);
        self.oracle.logged_out(&LogOut {
            removed: removed.map(Generation::number),
            revoked,
        })?;
        self.judge_handed()?;
        self.new_grant().await
    }

    /// A code that was refused has changed nothing.
    async fn after_redemption(&mut self, code: Code) -> Result<()> {
        let by = self.redeemer.take().context("nobody redeemed")?;
        let done = |crew: &Crew| crew.facts(by).is_some_and(|facts| facts.redeemed.is_some());
        ensure!(
            self.crew.hear_until(LONGEST, done).await,
            "a redemption is not over after {} s",
            LONGEST.as_secs()
        );
        // The request that was held may still be with the vendor.
        let settled = |all: &[Exchange]| all.iter().all(|one| one.outcome != Outcome::Pending);
        tokio::time::timeout(LONGEST, self.sim.journal().wait_until(settled))
            .await
            .context("the vendor does not act")?;
        let redeemed = self.crew.facts(by).and_then(|facts| facts.redeemed.clone());
        match (code, redeemed) {
            (Code::Wrong, Some(Err(_))) => Ok(()),
            (Code::Right, Some(Ok(generation))) => {
                self.oracle.redeemed(&self.journal(), generation)
            }
            (code, redeemed) => {
                bail!("a redemption of a code ended like this: {code:?}, {redeemed:?}")
            }
        }
    }

    /// Everybody asks once more, and nothing is under way.
    async fn quiet_down(&mut self) -> Result<()> {
        let begun = Instant::now();
        for _ in 0..2 {
            self.crew.ask_all().await;
            loop {
                let answered = |crew: &Crew| crew.all(Facts::has_answered) && !crew.has_something();
                if self
                    .crew
                    .hear_until(Duration::from_millis(300), answered)
                    .await
                {
                    break;
                }
                ensure!(
                    begun.elapsed() < LONGEST,
                    "not everybody is quiet after a logout"
                );
            }
        }
        Ok(())
    }
}
