//! The vendor: an HTTP server over loopback sockets that is quick, since what is tested is not its
//! speed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::ledger::{Ledger, Times};

/// How many addresses it has: each exchange of a single-use token takes a connection of its own,
/// and the ports of one address do not suffice for a thousand of them a second.
const ADDRESSES: usize = 8;
/// The running vendor. Clones are the same.
#[derive(Clone, Debug)]
pub(super) struct Vendor {
    ledger: Arc<Mutex<Ledger>>,
    pub(super) life: Duration,
    /// It acts after half of this time, and answers after the rest of it: long, so that each kill
    /// hits some requests.
    latency: Duration,
}

impl Vendor {
    pub(super) fn new(ledger: Ledger, life: Duration, latency: Duration) -> Self {
        let ledger = Arc::new(Mutex::new(ledger));
        Self {
            ledger,
            life,
            latency,
        }
    }

    /// Starts to listen, for as long as the runtime lives. Returns the addresses.
    pub(super) async fn listen(&self) -> Result<Vec<String>> {
        let routes = Router::new()
            .route("/token/{incarnation}", post(token))
            .with_state(self.clone());
        let mut urls = Vec::new();
        for _ in 0..ADDRESSES {
            let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
            urls.push(format!("http://{}", listener.local_addr()?));
            let serving = axum::serve(listener, routes.clone());
            tokio::spawn(serving.into_future());
        }
        Ok(urls)
    }

    pub(super) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn token(
    State(vendor): State<Vendor>,
    Path(incarnation): Path<u32>,
    body: String,
) -> (StatusCode, Json<Value>) {
    let received = now();
    tokio::time::sleep(vendor.latency / 2).await;
    let answer = vendor.answer(incarnation, &body, received);
    tokio::time::sleep(vendor.latency / 2).await;
    match answer {
        Some(issued) => (StatusCode::OK, Json(issued)),
        None => {
            let refused = json!({ "error": "invalid_grant" });
            (StatusCode::BAD_REQUEST, Json(refused))
        }
    }
}

impl Vendor {
    fn answer(&self, incarnation: u32, body: &str, received: Instant) -> Option<Value> {
        let (account, spent) = spent(body)?;
        let mut ledger = self.ledger();
        let refresh_life = self.life + ledger.spare();
        let times = Times {
            received,
            at: now(),
        };
        let next = ledger.exchange(account, spent, incarnation, times, self.life)?;
        Some(json!({
            "access_token": format!("A.{account}.{next}"),
            "refresh_token": format!("R.{account}.{next}"),
            "expires_in": self.life.as_secs(),
            "refresh_expires_in": refresh_life.as_secs(),
        }))
    }
}

/// Returns the account and the generation of the refresh token that is spent.
pub(super) fn spent(body: &str) -> Option<(usize, u64)> {
    let (_, token) = body.split_once("refresh_token=R.")?;
    let (account, generation) = token.split_once('.')?;
    Some((account.parse().ok()?, generation.parse().ok()?))
}

/// Returns the instant of the machine's clock, by which the vendor judges.
#[expect(clippy::disallowed_methods, reason = "processes run in real time")]
pub(super) fn now() -> Instant {
    Instant::now()
}
