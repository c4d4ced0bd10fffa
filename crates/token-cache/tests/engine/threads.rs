//! Threads and tasks: what may be shared and sent, and what each of many gets while the clock
//! jumps.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use token_cache::{Event, Events, TokenCache, TokenGuard};
use token_core::reexports::http::{Request, Response};
use token_core::reexports::{Bytes, async_trait};
use token_core::{
    ApiBody, Attempt, Clock, Error, HttpClient, Rotation, SendError, Timestamp, TokenEndpoint,
};
use token_testkit::ManualClock;

use crate::acme::{Acme, FaultyStore, MINUTE, SECOND, SeededRng, Setup};

/// Issues tokens that live for a minute of this clock, and remembers when each ends.
#[derive(Clone, Debug)]
struct Issuer {
    clock: ManualClock,
    ends: Arc<Mutex<HashMap<String, Duration>>>,
}

impl Issuer {
    fn end_of(&self, token: &TokenGuard) -> Duration {
        self.ends.lock().unwrap()[token.access().expose()]
    }
}

#[async_trait]
impl HttpClient for Issuer {
    async fn send(&self, _: Request<Bytes>, _: Duration) -> Result<Response<Bytes>, SendError> {
        let mut ends = self.ends.lock().unwrap();
        let name = format!("acme-access-{}", ends.len());
        ends.insert(name.clone(), self.clock.now().elapsed + MINUTE);
        let body = format!(r#"{{"token":"{name}","refresh":"acme-refresh","ttl":60}}"#);
        Ok(Response::new(Bytes::from(body)))
    }
}

/// Time passes, or somebody sets the wall clock.
fn jump(clock: &ManualClock, rng: &mut SeededRng) {
    const HOURS: u64 = 3 * 3_600_000;
    match rng.below(4) {
        0 => clock.advance(rng.up_to(MINUTE / 2)),
        1 => clock.advance(rng.up_to(SECOND)),
        2 => clock.step_wall(i64::try_from(rng.below(HOURS)).unwrap()),
        _ => clock.step_wall(-i64::try_from(rng.below(HOURS)).unwrap()),
    }
}

// FAULTS.md scenario 13
#[test]
fn no_thread_gets_a_token_that_was_over_before_it_asked_however_the_clock_jumps() {
    const THREADS: u64 = 16;
    const CALLS: u32 = 400;
    let issuer = Issuer {
        clock: ManualClock::at(Timestamp::from_unix_seconds(1_700_000_000)),
        ends: Arc::default(),
    };
    let cache = TokenCache::builder(Acme::with(Rotation::Idempotent).and_login())
        .http_client(issuer.clone())
        .store(FaultyStore::on_clock(issuer.clock.clone()))
        .clock(issuer.clock.clone())
        .build()
        .unwrap();
    let call = |seed| {
        let (mut rng, mut served) = (SeededRng::seeded(seed), 0);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .build()
            .unwrap();
        for _ in 0..CALLS {
            let asked = issuer.clock.now().elapsed;
            if let Ok(token) = runtime.block_on(cache.token_within(SECOND / 10)) {
                assert!(
                    issuer.end_of(&token) > asked,
                    "over before it was asked for"
                );
                served += 1;
            }
            if rng.one_in(8) {
                jump(&issuer.clock, &mut rng);
            }
        }
        served
    };
    let served: u32 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|seed| scope.spawn(move || call(seed)))
            .collect();
        threads
            .into_iter()
            .map(|thread| thread.join().unwrap())
            .sum()
    });
    let asked = CALLS * u32::try_from(THREADS).unwrap();
    assert!(served > asked / 2, "{served} of {asked} were served");
    assert!(
        issuer.ends.lock().unwrap().len() > 50,
        "the clock did not jump far enough"
    );
}

fn sends<T: Send>(value: T) -> T {
    value
}

fn sends_and_shares<T: Send + Sync>(value: T) -> T {
    value
}

// FAULTS.md scenario 15
#[tokio::test(start_paused = true)]
async fn all_public_futures_can_be_sent_to_another_thread() {
    let setup = Setup::new(Acme::single_use());
    let cache = sends_and_shares(setup.cache());
    let token = (*cache.token().await.unwrap()).clone();
    let mut parts = Request::get("https://api.acme.example/v1/things")
        .body(())
        .unwrap()
        .into_parts()
        .0;
    let mut body = ApiBody::of(b"");
    let build = |attempt: &Attempt| setup.acme.revoke(&token, attempt).unwrap();
    drop(sends_and_shares(cache.token()));
    drop(sends_and_shares(cache.token_within(SECOND)));
    drop(sends(cache.token_valid_for(SECOND)));
    drop(sends(cache.refresh_if(token.generation())));
    drop(sends(cache.grant_state()));
    drop(sends(cache.authorize(&mut parts, &mut body)));
    drop(sends(cache.redeem(setup.acme.redemption())));
    drop(sends(cache.set_token(token.clone())));
    drop(sends(cache.logout()));
    drop(sends(cache.send_request(build, |_| Ok(()))));
    drop(sends(cache.drain(SECOND)));
    drop(sends(sends_and_shares(cache.events()).next()));
    drop(sends_and_shares(cache.keep_fresh()));
}

// FAULTS.md scenario 15
#[tokio::test(flavor = "multi_thread")]
async fn a_task_holds_a_guard_over_an_await_and_moves_between_threads() {
    async fn work(cache: TokenCache, mut events: Events) -> Result<Option<Event>, Error> {
        let guard = cache.token().await?;
        let event = events.next().await;
        tokio::task::yield_now().await;
        let newer = cache.refresh_if(guard.generation()).await?;
        assert_ne!(newer.generation(), guard.generation());
        Ok(event)
    }
    let setup = Setup::new(Acme::single_use());
    let cache = setup.cache();
    let events = cache.events();
    let event = tokio::spawn(sends(work(cache, events)))
        .await
        .unwrap()
        .unwrap();
    assert!(matches!(event, Some(Event::Refreshed { .. })), "{event:?}");
}
