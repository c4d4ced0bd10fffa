//! Callers that ask for the tokens of random accounts, of some more often than of others, and never
//! of every other one.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};
use vendor_auth::cache::SystemClock;
use vendor_auth::types::Clock as _;
use vendor_auth::{Error, ErrorKind, TokenGuard, TokenPool};

use crate::chaos::Random;
use crate::pool::customer::name;
use crate::pool::protocol::{Assignment, Calls, Message, send};

const CALLERS: u32 = 8;
/// Every other call is for one of the first twentieth of all accounts.
const HOT: usize = 20;
/// For how long a caller waits. A grant in doubt takes longer: its callers are told to retry.
const PATIENCE: Duration = Duration::from_secs(2);
/// The callers, and what they got.
pub(super) struct Callers {
    tasks: JoinSet<()>,
    calls: Shared,
}

/// One of them.
struct Caller {
    pool: TokenPool,
    number: u32,
    accounts: usize,
    random: Random,
    longest_pause_ms: u64,
    calls: Shared,
}

#[derive(Clone, Debug, Default)]
struct Shared(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    calls: Calls,
    /// When those who wait just now asked.
    waiting: BTreeMap<u32, Instant>,
}

impl Callers {
    pub(super) fn start(pool: &TokenPool, assignment: &Assignment) -> Self {
        let (mut tasks, calls) = (JoinSet::new(), Shared::default());
        for number in 0..CALLERS {
            let seed = assignment.seed ^ u64::from(assignment.incarnation * CALLERS + number);
            let caller = Caller {
                pool: pool.clone(),
                number,
                accounts: assignment.accounts,
                random: Random::from_seed(seed),
                longest_pause_ms: 2_000 * u64::from(CALLERS) / assignment.calls.max(1),
                calls: calls.clone(),
            };
            tasks.spawn(caller.run());
        }
        Self { tasks, calls }
    }

    /// Returns what callers got since the last time.
    pub(super) fn take_calls(&self) -> Calls {
        let mut state = self.calls.lock();
        let mut calls = std::mem::take(&mut state.calls);
        for asked in state.waiting.values() {
            calls.waited(asked.elapsed());
        }
        calls
    }

    pub(super) async fn stop(&mut self) {
        self.tasks.shutdown().await;
        self.calls.lock().waiting.clear();
    }
}

impl Caller {
    async fn run(mut self) {
        loop {
            let account = self.draw();
            self.calls.begin(self.number);
            let token = self.pool.token_within(&name(account), PATIENCE).await;
            self.calls.note(self.number, account, token);
            sleep(Duration::from_millis(
                self.random.between(0, self.longest_pause_ms),
            ))
            .await;
        }
    }

    fn draw(&mut self) -> usize {
        let of = match self.random.percent(50) {
            true => self.accounts.div_ceil(HOT),
            false => self.accounts,
        };
        // Nobody asks for those between: they live by the sweep alone.
        self.random.index(of.div_ceil(2)) * 2
    }
}

impl Shared {
    fn begin(&self, caller: u32) {
        self.lock().waiting.insert(caller, Instant::now());
    }

    fn note(&self, caller: u32, account: usize, token: Result<TokenGuard, Error>) {
        let mut state = self.lock();
        let asked = state.waiting.remove(&caller);
        let calls = &mut state.calls;
        calls.waited(asked.map_or(Duration::ZERO, |asked| asked.elapsed()));
        match token {
            Ok(token) => {
                calls.answered += 1;
                calls.expired += u64::from(token.validity().expires_at() <= SystemClock.now().wall);
            }
            Err(error) => {
                let kind = format!("{:?}", error.kind());
                let kind = kind.split([' ', '{']).next().unwrap_or_default();
                *calls.refused.entry(kind.to_owned()).or_default() += 1;
                if error.kind() == ErrorKind::Rejected {
                    send(&Message::LoginNeeded(account));
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
