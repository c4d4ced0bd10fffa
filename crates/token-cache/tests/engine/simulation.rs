//! Days of virtual time with random faults, clock steps and callers, several processes and seeds.
//! What must always hold is checked after each step; a failure names its seed.

use std::time::Duration;

use token_cache::{Event, Events, TokenCache};
use token_core::{Error, Rotation, SendFailure, Token};
use tokio::task::JoinSet;

use crate::acme::{
    Acme, Fault, FaultyStore, MINUTE, Op, SeededRng, Setup, StoreFault, When, advance, received,
};

const SEEDS: u64 = 40;
const STEPS: u32 = 400;

/// What may go wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Conditions {
    /// One process, any store fault, wall clock steps; the server acts on what it answers.
    AloneAndNothingLost,
    /// Many processes, any store fault but a commit's.
    SharedAndNothingLost,
    /// Many processes, everything, answers lost after the server acted too.
    SharedAndAnything,
}

struct Simulation {
    name: String,
    rng: SeededRng,
    conditions: Conditions,
    setup: Setup,
    processes: Vec<(TokenCache, FaultyStore)>,
    events: Vec<Events>,
    callers: JoinSet<Result<Token, (Error, bool)>>,
    step: u32,
}

impl Simulation {
    fn new(acme: Acme, conditions: Conditions, seed: u64) -> Self {
        let setup = Setup::new(acme);
        let mut rng = SeededRng::seeded(seed);
        setup.server.latency(rng.up_to(Duration::from_secs(3)));
        setup
            .server
            .life(MINUTE * u32::try_from(5 + rng.below(115)).unwrap());
        let many = if conditions == Conditions::AloneAndNothingLost {
            1
        } else {
            3
        };
        let processes: Vec<_> = (0..many).map(|_| setup.other_process()).collect();
        Self {
            name: format!("{:?} {conditions:?} seed {seed}", setup.acme.rotates()),
            events: processes.iter().map(|(cache, _)| cache.events()).collect(),
            callers: JoinSet::new(),
            step: 0,
            rng,
            conditions,
            setup,
            processes,
        }
    }

    async fn run(mut self) {
        for step in 0..STEPS {
            self.step = step;
            self.act();
            let longest = if self.rng.one_in(10) {
                40 * MINUTE
            } else {
                2 * MINUTE
            };
            let span = self.rng.up_to(longest);
            advance(span).await;
            self.check();
        }
        self.recover().await;
    }

    fn act(&mut self) {
        let which = usize::try_from(self.rng.below(self.processes.len() as u64)).unwrap();
        let (cache, store) = self.processes[which].clone();
        match self.rng.below(12) {
            0..=5 => self.call(cache),
            6 => self.call_and_leave(cache),
            7 | 8 => {
                let fault = self.fault();
                self.setup.server.then([fault]);
            }
            9 => self.ail(&store),
            10 => self.step_clock(),
            _ => cache
                .current()
                .into_iter()
                .for_each(|token| cache.invalidate(&token)),
        }
    }

    fn call(&mut self, cache: TokenCache) {
        let within = self.rng.up_to(MINUTE);
        self.callers.spawn(async move {
            match cache.token_within(within).await {
                Ok(token) => Ok((*token).clone()),
                Err(error) => Err((error, cache.current().is_some())),
            }
        });
    }

    fn call_and_leave(&mut self, cache: TokenCache) {
        let patience = self.rng.up_to(Duration::from_secs(5));
        drop(tokio::spawn(async move {
            _ = tokio::time::timeout(patience, cache.token()).await;
        }));
    }

    fn fault(&mut self) -> Fault {
        let answer =
            |status, body: &str| Fault::Answer(status, &[("retry-after", "90")], body.to_owned());
        let faults = if self.conditions == Conditions::SharedAndAnything {
            9
        } else {
            7
        };
        match self.rng.below(faults) {
            0 => Fault::Unsent(SendFailure::Connect),
            1 => Fault::Lost(When::BeforeProcessing),
            2 => answer(200, "<html>"),
            3 => answer(503, "{}"),
            4 => answer(429, "{}"),
            5 => answer(400, r#"{"error":"busy"}"#),
            6 => answer(400, r#"{"error":"duplicate"}"#),
            7 => Fault::Lost(When::AfterProcessing),
            _ => Fault::Cut,
        }
    }

    fn ail(&mut self, store: &FaultyStore) {
        let mut ops = Op::ALL.to_vec();
        ops.retain(|op| {
            self.rng.one_in(2)
                && (*op != Op::Commit || self.conditions != Conditions::SharedAndNothingLost)
        });
        let fault = match self.rng.below(4) {
            0 => StoreFault::Unreachable,
            1 => StoreFault::Hangs,
            2 => StoreFault::LeaseTaken,
            _ => StoreFault::AnswerLost,
        };
        store.fail_with(ops, &fault);
        let (store, until) = (store.clone(), self.rng.up_to(5 * MINUTE));
        drop(tokio::spawn(async move {
            advance(until).await;
            store.recover();
        }));
    }

    /// A process that reads another's record must trust its wall clock, so only a lone process
    /// tolerates steps back.
    fn step_clock(&mut self) {
        let millis = i64::try_from(self.rng.below(4 * 3_600_000)).unwrap();
        let back = self.conditions == Conditions::AloneAndNothingLost && self.rng.one_in(2);
        self.setup
            .clock
            .step_wall(if back { -millis } else { millis });
    }

    fn check(&mut self) {
        while let Some(ended) = self.callers.try_join_next() {
            match ended.unwrap_or_else(|panic| panic!("{}: {panic}", self.at())) {
                Ok(_) => {}
                Err((error, live)) => {
                    assert!(!live, "{}: {error} though a live token is there", self.at());
                }
            }
        }
        for (cache, _) in &self.processes {
            let shown = format!("{cache:?}");
            assert!(
                !shown.contains("acme-access") && !shown.contains("acme-refresh"),
                "{}: {shown}",
                self.at()
            );
            if let Some(token) = cache.current() {
                assert!(
                    self.setup.server.accepts(token.access()),
                    "{}: {token:?} is not live",
                    self.at()
                );
            }
        }
        if self.conditions != Conditions::SharedAndAnything {
            assert_eq!(
                self.setup.server.reused(),
                0,
                "{}: a spent token was sent",
                self.at()
            );
            assert!(
                !self.setup.server.is_revoked(),
                "{}: the grant is dead",
                self.at()
            );
        }
    }

    /// All faults end: soon every process has a token again.
    async fn recover(mut self) {
        self.processes.iter().for_each(|(_, store)| store.recover());
        self.setup.server.outage(None);
        for _ in 0..90 {
            for (cache, _) in self.processes.clone() {
                self.call(cache);
            }
            advance(MINUTE).await;
            self.check();
        }
        let mut told_in_all = Vec::new();
        for events in &mut self.events {
            told_in_all.extend(received(events).await);
        }
        for (cache, _) in &self.processes {
            let token = cache
                .token()
                .await
                .unwrap_or_else(|error| panic!("{}: {error}", self.at()));
            assert!(self.setup.server.accepts(token.access()), "{}", self.at());
        }
        let rejected = told_in_all
            .iter()
            .any(|event| matches!(event, Event::Rejected { .. }));
        assert!(
            !rejected || self.conditions == Conditions::SharedAndAnything,
            "{}: {told_in_all:?}",
            self.at()
        );
        let exchanges = self.setup.server.requests().len();
        assert!(
            (10..4_000).contains(&exchanges),
            "{}: {exchanges} exchanges",
            self.at()
        );
    }

    fn at(&self) -> String {
        format!("{} step {}", self.name, self.step)
    }
}

async fn simulate(acme: impl Fn() -> Acme, conditions: Conditions) {
    for seed in 0..SEEDS {
        Simulation::new(acme(), conditions, seed).run().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_process_loses_nothing_through_days_of_faults() {
    simulate(Acme::single_use, Conditions::AloneAndNothingLost).await;
}

#[tokio::test(start_paused = true)]
async fn three_processes_lose_nothing_through_days_of_faults() {
    simulate(Acme::single_use, Conditions::SharedAndNothingLost).await;
}

#[tokio::test(start_paused = true)]
async fn three_processes_with_a_login_recover_from_anything() {
    simulate(
        || Acme::single_use().and_login(),
        Conditions::SharedAndAnything,
    )
    .await;
    simulate(
        || Acme::with(Rotation::Grace(MINUTE)).and_login(),
        Conditions::SharedAndAnything,
    )
    .await;
}

#[tokio::test(start_paused = true)]
async fn three_processes_with_a_token_that_works_again_and_again_recover_from_anything() {
    simulate(
        || Acme::with(Rotation::Idempotent),
        Conditions::SharedAndAnything,
    )
    .await;
}
