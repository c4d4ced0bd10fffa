//! Grants that end during a refresh: by a logout, or by a code that is redeemed.

use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use token_sim::{CodeRequest, Exchange, Kind};
use tokio::time::Instant;
use vendor_auth::types::Generation;

use super::oracle::LogOut;
use super::plan::{Code, Plan, Trouble};
use super::protocol::{REDIRECT_URI, ToWorker};
use super::round::has_acted_on_all;
use super::run::Run;
use super::worker_state::WorkerState;
use super::workers::Workers;

/// No instruction takes a process nearly as long.
const LONGEST: Duration = Duration::from_secs(15);

impl Run {
    /// Tells a process to log out, and gives it time to do so while a request is held.
    pub(super) async fn logout(&mut self, by: usize) -> Result<()> {
        self.workers
            .log
            .note(&format!("process {by} is to log out"));
        self.logout_by = Some(by);
        self.workers.clear_endings();
        self.workers.send(by, &ToWorker::LogOut).await;
        let limit = Duration::from_millis(500);
        self.workers.receive_from(by, limit, has_logged_out).await;
        Ok(())
    }

    /// Tells a process to redeem a code, and gives it time to do so while a request is held.
    pub(super) async fn redeem(
        &mut self,
        by: usize,
        code: Code,
        for_ms: Option<u64>,
    ) -> Result<()> {
        self.workers
            .log
            .note(&format!("process {by} is to redeem a code: {code:?}"));
        self.redeem_by = Some(by);
        self.workers.clear_endings();
        let code = match code {
            Code::Right => {
                let request = CodeRequest::new().redirect_uri(REDIRECT_URI);
                self.sim.authorization_code(request)
            }
            Code::Wrong => "mistyped".to_owned(),
        };
        self.workers.send(by, &ToWorker::Redeem { code }).await;
        let limit = Duration::from_millis(for_ms.unwrap_or(100));
        self.workers.receive_from(by, limit, has_redeemed).await;
        Ok(())
    }

    /// Judges how the grant ended, if it was to end in this round. Returns the first generation of
    /// the grant that follows a logout.
    pub(super) async fn end_grant(&mut self, plan: &Plan) -> Result<Option<u64>> {
        match plan.trouble {
            Trouble::LogOut { by, .. } => {
                if self.logout_by.is_none() {
                    // No process had to refresh.
                    self.logout(by.unwrap_or_default()).await?;
                }
                self.after_logout().await.map(Some)
            }
            Trouble::Redeem { by, code, .. } => {
                if self.redeem_by.is_none() {
                    self.redeem(by.unwrap_or_default(), code, None).await?;
                }
                self.after_redemption(code).await.map(|()| None)
            }
            _ => Ok(None),
        }
    }

    async fn after_logout(&mut self) -> Result<u64> {
        let by = self.logout_by.take().context("no process logged out")?;
        ensure!(
            self.workers.receive_from(by, LONGEST, has_logged_out).await,
            "a logout did not end within {} s",
            LONGEST.as_secs()
        );
        let state = self.workers.state(by);
        if let Some(Err(error)) = state.and_then(|state| state.logged_out.as_ref()) {
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

    /// Judges a redemption. A code that was refused has changed nothing.
    async fn after_redemption(&mut self, code: Code) -> Result<()> {
        let by = self
            .redeem_by
            .take()
            .context("no process redeemed a code")?;
        ensure!(
            self.workers.receive_from(by, LONGEST, has_redeemed).await,
            "a redemption did not end within {} s",
            LONGEST.as_secs()
        );
        // The held request may still be with the vendor.
        tokio::time::timeout(LONGEST, self.sim.journal().wait_until(has_acted_on_all))
            .await
            .context("the vendor does not act")?;
        let state = self.workers.state(by);
        let redeemed = state.and_then(|state| state.redeemed.clone());
        match (code, redeemed) {
            (Code::Wrong, Some(Err(_))) => Ok(()),
            (Code::Right, Some(Ok(generation))) => {
                self.oracle.redeemed(&self.journal(), generation)
            }
            (code, redeemed) => {
                bail!("a redemption of a code ended with {code:?}, {redeemed:?}")
            }
        }
    }

    /// Asks all processes once more, and waits until nothing is under way.
    async fn quiet_down(&mut self) -> Result<()> {
        let begun = Instant::now();
        for _ in 0..2 {
            self.workers.ask_all().await;
            loop {
                let answered = |workers: &Workers| {
                    workers.all(WorkerState::has_answered) && !workers.has_unsaved_token()
                };
                if self
                    .workers
                    .receive_until(Duration::from_millis(300), answered)
                    .await
                {
                    break;
                }
                ensure!(
                    begun.elapsed() < LONGEST,
                    "something is still under way after a logout"
                );
            }
        }
        Ok(())
    }
}

fn has_logged_out(state: &WorkerState) -> bool {
    state.logged_out.is_some()
}

fn has_redeemed(state: &WorkerState) -> bool {
    state.redeemed.is_some()
}
