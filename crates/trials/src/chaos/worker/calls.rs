//! What a process's callers do, on one runtime or on one that ends with the call.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Builder;
use tokio::time::timeout;
use vendor_auth::oauth2::OAuth2;
use vendor_auth::types::store::TokenStore;
use vendor_auth::types::{Clock as _, TokenKey};
use vendor_auth::{Secret, Token, TokenCache};

use crate::chaos::clock_jumps::machine_us;
use crate::chaos::learned::Learned;
use crate::chaos::options::RuntimeMode;
use crate::chaos::protocol::{FromWorker, Handed, REDIRECT_URI, report};
use crate::chaos::shared_clock::{SharedClock, last_look_ms};

/// Everything that a caller needs.
pub(super) struct Calls {
    pub(super) tokens: TokenCache,
    pub(super) endpoint: OAuth2,
    pub(super) clock: SharedClock,
    pub(super) learned: Arc<Learned>,
    pub(super) runtime: RuntimeMode,
}

impl Calls {
    pub(super) fn ask(&self, number: u64, at_us: i64, drop_after_us: Option<u64>) {
        let (tokens, clock, learned) = (
            self.tokens.clone(),
            self.clock.clone(),
            self.learned.clone(),
        );
        let asking = ask(tokens, clock, learned, number, at_us);
        let Some(after_us) = drop_after_us.filter(|_| self.runtime == RuntimeMode::Dropped) else {
            return self.call(asking);
        };
        self.call(async move {
            // The runtime is dropped right after this, with everything that the call had started on
            // it.
            if timeout(Duration::from_micros(after_us), asking)
                .await
                .is_err()
            {
                let why = "its runtime was dropped".to_owned();
                report(&FromWorker::Refused { number, why });
            }
        });
    }

    pub(super) fn describe(&self) {
        let (now, health) = (self.clock.now().wall, self.tokens.health());
        let what = format!("at {now}: {health}");
        report(&FromWorker::Noted { what });
    }

    pub(super) fn logout(&self) {
        let tokens = self.tokens.clone();
        self.call(async move {
            let outcome = tokens.logout().await;
            report(&FromWorker::Noted {
                what: format!("{outcome:?}"),
            });
            let error = outcome.err().map(|error| error.to_string());
            report(&FromWorker::LoggedOut { error });
        });
    }

    pub(super) fn redeem(&self, code: String) {
        let tokens = self.tokens.clone();
        let code = self
            .endpoint
            .redeem_code(&Secret::from(code), REDIRECT_URI, None);
        self.call(async move {
            let redeemed = tokens.redeem(code).await;
            report(&FromWorker::Redeemed {
                generation: redeemed
                    .as_ref()
                    .ok()
                    .map(|token| token.generation().number()),
                error: redeemed.err().map(|error| error.to_string()),
            });
        });
    }

    fn call(&self, work: impl Future<Output = ()> + Send + 'static) {
        match self.runtime {
            RuntimeMode::One => drop(tokio::spawn(work)),
            RuntimeMode::PerCall | RuntimeMode::Dropped => {
                drop(std::thread::spawn(|| in_own_runtime(work)));
            }
        }
    }
}

fn in_own_runtime(work: impl Future<Output = ()>) {
    match Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => report(&FromWorker::Noted {
            what: format!("no runtime: {error}"),
        }),
    }
}

async fn until(at_us: i64) {
    let pause = u64::try_from(at_us - machine_us()).unwrap_or_default();
    if pause > 0 {
        tokio::time::sleep(Duration::from_micros(pause)).await;
    }
}

pub(super) async fn read(store: Arc<dyn TokenStore>, key: TokenKey, at_us: i64) {
    until(at_us).await;
    let begun = machine_us();
    if store.load(&key).await.is_ok() {
        let took_us = machine_us() - begun;
        report(&FromWorker::Read { took_us });
    }
}

async fn ask(
    tokens: TokenCache,
    clock: SharedClock,
    learned: Arc<Learned>,
    number: u64,
    at_us: i64,
) {
    until(at_us).await;
    // Some programs also refresh without traffic, or look at what is stored.
    let keeping = number.is_multiple_of(4).then(|| tokens.keep_fresh());
    if number % 4 == 1 {
        // What fails here is told to the caller too.
        drop(tokens.load().await);
    }
    let outcome = tokens.token().await;
    // This thread did not pause since the token was judged: that was its last look at the clock.
    let judged_at_ms = last_look_ms();
    let handed_at_us = machine_us();
    let signed = learned.sign(&tokens, clock.0.clock_file()).await;
    if let Some(keeping) = keeping {
        keeping.stop();
    }
    report(&match outcome {
        Ok(token) => FromWorker::Handed(Handed {
            number,
            generation: token.generation().number(),
            fingerprint: fingerprint(&token),
            judged_at_ms,
            at_us: handed_at_us,
            signed,
        }),
        Err(error) => FromWorker::Refused {
            number,
            why: error.to_string(),
        },
    });
}

fn fingerprint(token: &Token) -> u64 {
    let mut hasher = DefaultHasher::new();
    token.access().expose().hash(&mut hasher);
    hasher.finish()
}
