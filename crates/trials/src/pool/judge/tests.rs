use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Judge, Stored, Verdict};
use crate::pool::ledger::Ledger;
use crate::pool::vendor::now;

const SECOND: Duration = Duration::from_secs(1);
const LIFE: Duration = Duration::from_secs(20);
const SPARE: Duration = Duration::from_secs(80);

/// One account, of which a process got generation 2 after 10 seconds.
struct Case {
    begun: Instant,
    ledger: Ledger,
    killed: BTreeMap<u32, Instant>,
}

impl Case {
    fn refreshed_by(process: u32) -> Self {
        let begun = now();
        let mut ledger = Ledger::new(1, SPARE, begun);
        ledger.begin(0, begun, begun + LIFE);
        let mut case = Self {
            begun,
            ledger,
            killed: BTreeMap::new(),
        };
        assert_eq!(case.exchange(1, process, 10), Some(2));
        case
    }

    fn exchange(&mut self, generation: u64, by: u32, at: u32) -> Option<u64> {
        let at = self.begun + at * SECOND;
        self.ledger.exchange(0, generation, by, (at, LIFE))
    }

    fn kill(mut self, process: u32, at: u32) -> Self {
        self.killed.insert(process, self.begun + at * SECOND);
        self
    }

    fn judge(&self, generation: u64, has_intent: bool, at: u32) -> Result<Verdict, String> {
        let judge = Judge {
            ledger: &self.ledger,
            killed: &self.killed,
            now: self.begun + at * SECOND,
        };
        let stored = Stored {
            generation,
            has_intent,
        };
        judge
            .all(&[Some(stored)])
            .map_err(|error| error.to_string())
    }
}

fn assert_wrong(outcome: Result<Verdict, String>, why: &str) {
    let error = outcome.unwrap_err();
    assert!(error.contains(why), "{error}");
}

#[test]
fn an_account_whose_newest_token_is_stored_is_kept() {
    let verdict = Case::refreshed_by(1).judge(2, false, 20).unwrap();
    assert_eq!((verdict.kept, verdict.lost, verdict.exchanges), (1, 0, 1));
}

#[test]
fn a_token_may_be_lost_by_the_kill_of_its_receiver_alone() {
    let lost = Case::refreshed_by(1).kill(1, 11);
    assert_eq!(lost.judge(1, true, 20).unwrap().lost, 1);
    assert_wrong(lost.judge(1, false, 20), "about to be spent");
    let other = Case::refreshed_by(1).kill(2, 11);
    assert_wrong(other.judge(1, true, 20), "was not killed");
    let earlier = Case::refreshed_by(1).kill(1, 5);
    assert_wrong(earlier.judge(1, true, 20), "was not killed");
    let much_later = Case::refreshed_by(1).kill(1, 60);
    assert_wrong(much_later.judge(1, true, 61), "was not killed");
}

#[test]
fn a_generation_that_was_never_issued_or_long_replaced_is_wrong() {
    let mut case = Case::refreshed_by(1);
    assert_eq!(case.exchange(2, 1, 12), Some(3));
    let case = case.kill(1, 13);
    assert_wrong(case.judge(1, true, 20), "the store has 1");
    assert_wrong(case.judge(4, true, 20), "the store has 4");
}

#[test]
fn a_refresh_token_is_used_again_only_if_a_kill_lost_its_successor() {
    let mut case = Case::refreshed_by(1);
    assert_eq!(case.exchange(1, 2, 30), None);
    assert_eq!(case.exchange(1, 2, 31), None);
    assert_wrong(case.judge(2, false, 32), "again");
    let case = case.kill(1, 11);
    assert_wrong(case.judge(2, false, 32), "again");
    let verdict = case.judge(1, false, 32).unwrap();
    assert_eq!((verdict.used_again, verdict.asked_after_end), (1, 1));
}

#[test]
fn a_refresh_token_that_ended_is_wrong_whether_or_not_it_was_sent() {
    let mut case = Case::refreshed_by(1);
    assert_wrong(case.judge(2, false, 111), "has ended");
    assert_eq!(case.exchange(2, 1, 111), None);
    assert_wrong(case.judge(2, false, 112), "after its end");
}

#[test]
fn an_access_token_is_not_left_expired_for_long() {
    let case = Case::refreshed_by(1);
    assert!(case.judge(2, false, 75).is_ok());
    assert_wrong(case.judge(2, false, 76), "nobody refreshed it");
    assert!(case.judge(2, true, 105).is_ok());
    assert_wrong(case.judge(2, true, 106), "nobody refreshed it");
}

#[test]
fn what_the_store_does_not_have_is_wrong() {
    let case = Case::refreshed_by(1);
    let judge = Judge {
        ledger: &case.ledger,
        killed: &case.killed,
        now: case.begun + 20 * SECOND,
    };
    assert!(judge.all(&[None]).is_err());
}
