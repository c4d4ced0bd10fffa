//! What goes wrong on demand, and until when.

use std::fmt;
use std::sync::{Arc, MutexGuard, PoisonError};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};
use token_sim::{Fault, RetryAfter};

use super::vendors::Simulated;
use crate::failure::Failure;

/// The arguments of `sim fault`.
#[derive(Debug, Args)]
pub(crate) struct FaultArgs {
    /// What goes wrong
    #[arg(value_enum)]
    kind: Kind,

    /// Only at the vendor of this profile. Default: at all of them
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Until this time has passed. Default: until `vendor-auth sim fault none`
    #[arg(long = "for", value_name = "SECONDS", conflicts_with = "times")]
    lasting: Option<u64>,

    /// For this number of token requests
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,

    /// How long: `Retry-After` of 429 and 503 (default 5), the delay of `slow` (default 10), by how
    /// much the clock of `clock-skew` is fast (default 3600; negative: slow)
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true)]
    seconds: Option<i64>,
}

/// What can go wrong. Everything but `outage`, `revoke`, `revoke-grant`, `disabled` and
/// `clock-skew` happens to token requests only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Nothing any more
    #[default]
    None,
    /// Connections are refused
    Outage,
    /// Status 503 with Retry-After
    #[value(name = "503")]
    Unavailable,
    /// Status 429 with Retry-After
    #[value(name = "429")]
    TooManyRequests,
    /// Status 500
    #[value(name = "500")]
    ServerError,
    /// The answer comes late
    Slow,
    /// No answer comes
    Silent,
    /// The connection is cut before the vendor acts
    Cut,
    /// The vendor acts, and the connection is cut before its answer
    LostAnswer,
    /// The vendor acts, and the connection is cut in the middle of its answer
    HalfAnswer,
    /// A page in HTML, as from a hotel's network
    Html,
    /// The access tokens issued so far are revoked
    Revoke,
    /// The refresh tokens issued so far are revoked
    RevokeGrant,
    /// The account is disabled
    Disabled,
    /// The vendor's clock is wrong
    ClockSkew,
}

/// A fault that was asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Asked {
    kind: Kind,
    profile: Option<String>,
    lasting: Option<Duration>,
    times: Option<u32>,
    seconds: Option<i64>,
}

/// What goes wrong at a vendor now.
#[derive(Debug, Default)]
pub(super) struct Active {
    pub(super) kind: Kind,
    /// Counts the faults, so that the end of an earlier one does not end a later one.
    number: u64,
    /// By how much its clock is fast, in milliseconds.
    skew_ms: i64,
}

impl Active {
    fn replace(&mut self, kind: Kind) {
        self.kind = kind;
        self.number += 1;
    }
}

impl FaultArgs {
    /// Returns what the simulator is asked for.
    pub(super) fn request(&self) -> Result<Asked, Failure> {
        let kind = self.kind;
        let has_end = self.lasting.is_some() || self.times.is_some();
        let happens_once = matches!(kind, Kind::None | Kind::Revoke | Kind::RevokeGrant);
        if happens_once && has_end {
            let why = "happens once; remove --for and --times";
            return Err(Failure::usage(format!("`{kind}` {why}")));
        }
        let is_state = matches!(kind, Kind::Outage | Kind::Disabled | Kind::ClockSkew);
        if is_state && self.times.is_some() {
            let why = "counts no requests; write --for SECONDS";
            return Err(Failure::usage(format!("`{kind}` {why}")));
        }
        let may_be_negative = kind == Kind::ClockSkew;
        if !may_be_negative && self.seconds.is_some_and(i64::is_negative) {
            return Err(Failure::usage("--seconds must not be negative"));
        }
        Ok(Asked {
            kind,
            profile: self.profile.clone(),
            lasting: self.lasting.map(Duration::from_secs),
            times: self.times,
            seconds: self.seconds,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}

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
        self.skew(-skew_ms);
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
