//! What goes wrong on demand, and until when.

use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use token_sim::{Fault, RetryAfter};

use super::asked::{Active, Asked, Kind};
use super::vendors::Simulated;
use crate::failure::Failure;

/// Lets the vendors fail as asked, and returns what to tell.
pub(super) async fn begin(vendors: &Arc<[Simulated]>, asked: &Asked) -> Result<String, Failure> {
    let is_meant = |vendor: &Simulated| match &asked.profile {
        Some(name) => vendor.profiles.contains(&&**name),
        None => true,
    };
    let meant = vendors.iter().enumerate();
    let meant: Vec<_> = meant.filter(|(_, vendor)| is_meant(vendor)).collect();
    if meant.is_empty() {
        let all: Vec<_> = vendors.iter().flat_map(|vendor| vendor.profiles).collect();
        let all = all.iter().map(|name| **name).collect::<Vec<_>>().join(", ");
        let name = asked.profile.as_deref().unwrap_or_default();
        return Err(Failure::usage(format!(
            "the simulator has no profile `{name}`; it has: {all}"
        )));
    }
    let mut told = String::new();
    for (index, vendor) in meant {
        let number = vendor.change(asked).await?;
        told.push_str(&format!("{}: {}\n", vendor.name, asked.told()));
        if let Some(lasting) = asked.lasting {
            let vendors = Arc::clone(vendors);
            tokio::spawn(async move {
                tokio::time::sleep(lasting).await;
                if let Some(vendor) = vendors.get(index) {
                    vendor.end(number).await;
                }
            });
        }
    }
    Ok(told)
}

impl Asked {
    fn told(&self) -> String {
        let kind = self.kind;
        match (self.lasting, self.times) {
            _ if kind == Kind::None => "all is well".to_owned(),
            _ if matches!(kind, Kind::Revoke | Kind::RevokeGrant) => format!("{kind}, done"),
            (Some(lasting), _) => format!("{kind} for {} s", lasting.as_secs()),
            (None, Some(times)) => format!("{kind} for {times} token requests"),
            (None, None) => format!("{kind} until `vendor-auth sim fault none`"),
        }
    }

    /// Returns what happens to token requests.
    fn fault(&self) -> Option<Fault> {
        let seconds = |default| self.seconds.map_or(default, i64::unsigned_abs);
        let fault = match self.kind {
            Kind::Unavailable => Fault::unavailable(RetryAfter::Seconds(seconds(5))),
            Kind::TooManyRequests => Fault::too_many_requests(RetryAfter::Seconds(seconds(5))),
            Kind::ServerError => Fault::status(500),
            Kind::Slow => Fault::delay(Duration::from_secs(seconds(10))),
            Kind::Silent => Fault::no_answer(),
            Kind::Cut => Fault::reset_before_acting(),
            Kind::LostAnswer => Fault::reset_after_acting(),
            Kind::HalfAnswer => Fault::cut_in_body(),
            Kind::Html => Fault::html(),
            _ => return None,
        };
        Some(match self.times {
            Some(times) => fault.times(times),
            None => fault.until_cleared(),
        })
    }
}

impl Simulated {
    pub(super) fn active(&self) -> MutexGuard<'_, Active> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends what went wrong, and begins what was asked for. Returns its number.
    async fn change(&self, asked: &Asked) -> Result<u64, Failure> {
        let server = &self.server;
        match asked.kind {
            Kind::Revoke => server.revoke_access_token(),
            Kind::RevokeGrant => server.revoke_grant(),
            kind => {
                self.heal().await?;
                self.active().replace(kind);
            }
        }
        match asked.kind {
            Kind::Outage => server.simulation().refuse_connections().await.map_err(io)?,
            Kind::Disabled => server.set_disabled(true),
            Kind::ClockSkew => self.skew(asked.seconds.unwrap_or(3600).saturating_mul(1000)),
            _ => {
                if let Some(fault) = asked.fault() {
                    server.simulation().fault(fault);
                }
            }
        }
        Ok(self.active().number)
    }

    /// Ends this fault, unless another one has replaced it.
    async fn end(&self, number: u64) {
        let current = self.active().number;
        if current == number {
            // The port was kept for this, so it does not fail.
            drop(self.heal().await);
        }
    }

    /// Ends what goes wrong.
    async fn heal(&self) -> Result<(), Failure> {
        let simulation = self.server.simulation();
        simulation.clear_faults();
        self.server.set_disabled(false);
        let skew_ms = self.active().skew_ms;
        self.skew(skew_ms.saturating_neg());
        self.active().replace(Kind::None);
        simulation.accept_connections().await.map_err(io)
    }

    fn skew(&self, by_ms: i64) {
        let mut active = self.active();
        active.skew_ms = active.skew_ms.saturating_add(by_ms);
        self.server.simulation().clock().skew(by_ms);
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it is passed to map_err")]
fn io(error: std::io::Error) -> Failure {
    Failure::store(format!("the port: {error}"))
}
