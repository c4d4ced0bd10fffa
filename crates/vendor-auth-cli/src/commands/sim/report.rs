//! What the vendors saw.

use std::fmt;

use serde::{Deserialize, Serialize};
use token_sim::{Exchange, Journal, Kind, Outcome};
use tokio::sync::mpsc;
use vendor_auth::Secret;
use vendor_auth::types::Timestamp;

use super::vendors::Simulated;
use crate::commands::token::print;
use crate::failure::Failure;

/// What one vendor saw.
#[derive(Debug, Deserialize, Serialize)]
pub(super) struct Reported {
    vendor: String,
    profiles: Vec<String>,
    url: String,
    /// Token requests.
    exchanges: usize,
    /// Those that brought a new token.
    issued: usize,
    /// Those that were refused.
    refused: usize,
    /// New tokens whose answer did not arrive.
    undelivered: usize,
    /// Requests for the protected resource and others.
    other_requests: usize,
    /// What goes wrong now; `none` if nothing does.
    fault: String,
}

impl Reported {
    pub(super) fn of(vendor: &Simulated) -> Self {
        let simulation = vendor.server.simulation();
        let exchanges = simulation.exchanges();
        let is_refused = |it: &&Exchange| matches!(it.outcome, Outcome::Refused { .. });
        Self {
            vendor: vendor.name.to_owned(),
            profiles: vendor.profiles.iter().map(ToString::to_string).collect(),
            url: simulation.base_url(),
            exchanges: exchanges.len(),
            issued: simulation.issued_count(),
            refused: exchanges.iter().filter(is_refused).count(),
            undelivered: simulation.undelivered_issued(),
            other_requests: simulation.journal().other_calls().len(),
            fault: vendor.active().kind.to_string(),
        }
    }
}

impl fmt::Display for Reported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (vendor, url, profiles) = (&self.vendor, &self.url, self.profiles.join(", "));
        writeln!(f, "{vendor} at {url} ({profiles})")?;
        let (exchanges, issued, refused) = (self.exchanges, self.issued, self.refused);
        writeln!(
            f,
            "  token requests {exchanges}, issued {issued}, refused {refused}, answers lost {}; \
             other requests {}",
            self.undelivered, self.other_requests
        )?;
        match &*self.fault {
            "none" => Ok(()),
            fault => writeln!(f, "  fault: {fault}"),
        }
    }
}

/// Prints each token request, until that fails.
pub(super) async fn follow(vendors: &[Simulated]) -> Failure {
    let (lines, mut printed) = mpsc::channel(64);
    for vendor in vendors {
        let journal = vendor.server.simulation().journal().clone();
        tokio::spawn(follow_one(vendor.name, journal, lines.clone()));
    }
    drop(lines);
    while let Some(line) = printed.recv().await {
        // A terminal that is gone does not end the simulation.
        drop(print(&Secret::from(line)));
    }
    std::future::pending().await
}

async fn follow_one(name: &'static str, journal: Journal, lines: mpsc::Sender<String>) {
    for number in 1.. {
        let exchange = journal.exchange(number).await;
        if lines.send(line(name, &exchange)).await.is_err() {
            return;
        }
    }
}

fn line(name: &str, exchange: &Exchange) -> String {
    let at = Timestamp::from_unix_millis(exchange.at_ms);
    let asked = match exchange.kind {
        Kind::Refresh => "refresh",
        Kind::Redemption => "redemption",
        _ => "login",
    };
    let outcome = match &exchange.outcome {
        Outcome::Issued { .. } => "a new token".to_owned(),
        Outcome::Repeated { .. } => "the same token".to_owned(),
        Outcome::Refused { code } => format!("refused, {code}"),
        Outcome::Unasked => "failed as asked".to_owned(),
        _ => "answered".to_owned(),
    };
    format!("{at} {name}: {asked}: {outcome}\n")
}
