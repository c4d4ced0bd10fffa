//! The endpoint of an account, made by the program's function.

use std::collections::HashMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::{Error, ErrorKind};

use super::pool_account::PoolAccount;
use crate::flight::runtime::Tasks;
use crate::flight::single_flight::{Joined, Leader, SingleFlight};
use crate::refresh::endpoint_source::{made_in_time, not_made, panicked};
use crate::refresh::exchange::broke_off;

pub(super) type Made = Result<PoolAccount, Error>;
type Making = Pin<Box<dyn Future<Output = Made> + Send>>;

/// The program's function.
pub(super) enum Endpoints {
    /// Returns at once.
    Now(Box<dyn Fn(&str) -> Made + Send + Sync>),
    /// Reads credentials first. It is called once however many callers ask for the account.
    Later(Later),
}

pub(super) struct Later {
    make: Box<dyn Fn(&str) -> Making + Send + Sync>,
    under_way: Arc<UnderWay>,
}

#[derive(Default)]
struct UnderWay(Mutex<HashMap<Arc<str>, Arc<SingleFlight<Made>>>>);

impl Endpoints {
    pub(super) fn later(make: Box<dyn Fn(&str) -> Making + Send + Sync>) -> Self {
        let under_way = Arc::default();
        Self::Later(Later { make, under_way })
    }

    /// Makes the endpoint of this account, within this time.
    pub(super) async fn make(&self, account: &str, tasks: &Tasks, within: Duration) -> Made {
        match self {
            Self::Now(make) => {
                let made = catch_unwind(AssertUnwindSafe(|| make(account)));
                made.unwrap_or_else(|_| Err(panicked()))
                    .map_err(|error| not_made(&error))
            }
            Self::Later(later) => later.make(account, tasks, within).await,
        }
    }
}

impl Later {
    async fn make(&self, account: &str, tasks: &Tasks, within: Duration) -> Made {
        let Joined::Waiter(waiter, leader) = self.under_way.of(account).join_or_start(|| true)
        else {
            return Err(broke_off());
        };
        if let Some(leader) = leader {
            self.start(account, leader, tasks, within)?;
        }
        waiter.await.unwrap_or_else(|| Err(interrupted()))
    }

    /// Starts a task that no caller can cancel: others wait for the same endpoint.
    fn start(
        &self,
        account: &str,
        leader: Leader<Made>,
        tasks: &Tasks,
        within: Duration,
    ) -> Result<(), Error> {
        let making = catch_unwind(AssertUnwindSafe(|| (self.make)(account)));
        let under_way = self.under_way.clone();
        let account: Arc<str> = account.into();
        let task = async move {
            let made = match making {
                Ok(making) => made_in_time(making, within).await,
                Err(_) => Err(panicked()),
            };
            leader.complete(made);
            under_way.forget(&account);
        };
        tasks.spawn(task).map(drop)
    }
}

impl UnderWay {
    fn of(&self, account: &str) -> Arc<SingleFlight<Made>> {
        let mut flights = self.lock();
        if let Some(flight) = flights.get(account) {
            return flight.clone();
        }
        let flight = Arc::new(SingleFlight::new());
        flights.insert(account.into(), flight.clone());
        flight
    }

    /// Forgets the flight of this account, unless another has begun.
    fn forget(&self, account: &str) {
        let mut flights = self.lock();
        if flights
            .get(account)
            .is_some_and(|flight| flight.join().is_none())
        {
            flights.remove(account);
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Arc<SingleFlight<Made>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn interrupted() -> Error {
    Error::new(
        ErrorKind::Transient { after: None },
        "making the endpoint was interrupted: its runtime shut down",
    )
}
