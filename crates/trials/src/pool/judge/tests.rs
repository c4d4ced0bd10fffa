mod doubt;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use super::{Judge, Stored};
use crate::pool::journal::Journal;
use crate::pool::ledger::{Ledger, Times};
use crate::pool::protocol::{Step, What};
use crate::pool::vendor::now;
use crate::pool::verdict::Verdict;

const SECOND: Duration = Duration::from_secs(1);
const LIFE: Duration = Duration::from_secs(20);
const SPARE: Duration = Duration::from_secs(80);
/// How long after it has received a request the vendor acts on it.
const LATENCY: Duration = Duration::from_millis(50);

/// One account, of which process 1 gets generation 2 after 10 seconds.
struct Case {
    begun: Instant,
    ledger: Ledger,
    journal: Journal,
    killed: BTreeMap<u32, Instant>,
}

impl Case {
    /// Process 1 has reported these steps, and then so often that it lives.
    fn of(steps: &[What], beats: usize) -> Self {
        let begun = now();
        let mut ledger = Ledger::new(1, SPARE, begun);
        ledger.begin(0, begun + LIFE);
        let mut case = Self {
            begun,
            ledger,
            journal: Journal::new(1),
            killed: BTreeMap::new(),
        };
        steps.iter().for_each(|what| case.report(1, 2, *what));
        assert_eq!(case.receive(1, 1, 10), Some(2));
        (0..beats).for_each(|_| case.journal.beat(1));
        case
    }

    fn stored() -> Self {
        use What::{Committing, Issued, Sending, Stored};
        Self::of(&[Sending, Issued, Committing, Stored], 0)
    }

    fn report(&mut self, by: u32, generation: u64, what: What) {
        self.report_at(40, by, generation, what);
    }

    fn report_at(&mut self, at: u32, by: u32, generation: u64, what: What) {
        let step = Step {
            account: 0,
            generation,
            what,
        };
        self.journal.note(by, step, self.begun + at * SECOND);
    }

    fn receive(&mut self, spent: u64, by: u32, at: u32) -> Option<u64> {
        let at = self.begun + at * SECOND;
        let received = at - LATENCY;
        let times = Times { received, at };
        self.ledger.exchange(0, spent, by, times, LIFE)
    }

    /// Process 2 uses the first refresh token, of which it was in doubt before.
    fn used_again(mut self, at: u32) -> Self {
        self.report_at(at - 15, 2, 2, What::Doubted);
        self.used_again_by(2, at)
    }

    fn used_again_by(mut self, process: u32, at: u32) -> Self {
        self.report_at(at, process, 2, What::Sending);
        assert_eq!(self.receive(1, process, at), None);
        self
    }

    fn kill(self, process: u32, at: u32) -> Self {
        self.kill_after(process, at * SECOND)
    }

    fn kill_after(mut self, process: u32, time: Duration) -> Self {
        self.killed.insert(process, self.begun + time);
        self
    }

    fn judge(&self, generation: u64, has_intent: bool, at: u32) -> Result<Verdict, String> {
        self.judge_stored(
            Stored {
                generation,
                has_intent,
                is_genuine: true,
            },
            at,
        )
    }

    fn judge_stored(&self, stored: Stored, at: u32) -> Result<Verdict, String> {
        let judge = Judge {
            ledger: &self.ledger,
            journal: &self.journal,
            killed: &self.killed,
            stopped_at: self.begun + at * SECOND,
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
    let verdict = Case::stored().judge(2, false, 20).unwrap();
    assert_eq!((verdict.kept, verdict.exchanges), (1, 1));
    assert_eq!(verdict.unreported, 0);
}

#[test]
fn a_token_that_the_store_acknowledged_is_not_excused_by_a_kill() {
    let case = Case::stored().kill(1, 10);
    assert_wrong(
        case.judge(1, true, 20),
        "acknowledged generation 2 to process 1",
    );
}

#[test]
fn a_token_is_lost_only_with_the_process_that_sent_the_request() {
    let under_way = Case::of(&[What::Sending], 0);
    assert_wrong(under_way.judge(1, true, 20), "was not killed");
    let lost = under_way.kill(1, 60);
    assert_eq!(lost.judge(1, true, 61).unwrap().lost_on_their_way, 1);
    assert_wrong(lost.judge(1, false, 61), "about to be spent");
    let other = Case::of(&[What::Sending], 0).kill(2, 10);
    assert_wrong(other.judge(1, true, 20), "was not killed");
}

#[test]
fn a_token_that_arrived_and_was_not_written_is_lost_only_at_once() {
    let committing = [What::Sending, What::Issued, What::Committing];
    for steps in [&committing[..2], &committing] {
        let at_once = Case::of(steps, 10).kill(1, 20);
        assert_eq!(at_once.judge(1, true, 21).unwrap().lost_before_the_store, 1);
        let forgotten = Case::of(steps, 11).kill(1, 20);
        assert_wrong(forgotten.judge(1, true, 21), "lived on for 11 s");
    }
}

#[test]
fn a_token_in_the_store_needs_no_report() {
    let case = Case::of(&[What::Sending, What::Issued, What::Committing], 0).kill(1, 10);
    let verdict = case.judge(2, false, 20).unwrap();
    assert_eq!((verdict.kept, verdict.unreported), (1, 1));
}

#[test]
fn a_request_that_was_not_reported_is_wrong() {
    let case = Case::of(&[What::Issued, What::Stored], 0);
    assert_wrong(case.judge(2, false, 20), "reported 0");
}

#[test]
fn what_the_vendor_did_not_issue_is_wrong() {
    let case = Case::stored();
    assert_wrong(case.judge(4, true, 20), "did not issue");
    let stored = Stored {
        generation: 2,
        has_intent: false,
        is_genuine: false,
    };
    assert_wrong(case.judge_stored(stored, 20), "another token");
}

#[test]
fn a_refresh_token_is_used_again_only_after_the_death_of_the_one_that_lost_its_successor() {
    let stored = Case::stored().kill(1, 11).used_again(30);
    assert_wrong(stored.judge(2, false, 32), "is in the store");
    let alive = Case::of(&[What::Sending], 0).used_again(30);
    assert_wrong(alive.judge(1, false, 32), "was not killed");
    let later = Case::of(&[What::Sending], 0).used_again(30).kill(1, 31);
    assert_wrong(later.judge(1, false, 32), "lived then");
    let mut before = Case::of(&[What::Sending], 0).kill(1, 11).used_again(30);
    before.report(2, 2, What::Sending);
    assert_eq!(before.receive(1, 2, 31), None);
    let verdict = before.judge(1, false, 32).unwrap();
    assert_eq!((verdict.used_again, verdict.asked_after_end), (1, 1));
}

#[test]
fn a_process_that_is_killed_before_the_vendor_acts_lived_when_the_token_was_used_again() {
    let case = Case::of(&[What::Sending], 0).used_again(30);
    let meanwhile = 30 * SECOND - LATENCY / 2;
    assert_wrong(
        case.kill_after(1, meanwhile).judge(1, false, 32),
        "lived then",
    );
}

#[test]
fn a_process_that_uses_a_refresh_token_twice_is_not_excused_by_its_own_death() {
    let mut case = Case::of(&[What::Sending], 0).kill(1, 29);
    case.report_at(15, 1, 2, What::Doubted);
    let case = case.used_again_by(1, 30);
    assert_wrong(case.judge(1, false, 32), "it had used it itself");
}

#[test]
fn a_refresh_token_is_used_again_only_by_a_process_that_was_in_doubt_of_it() {
    let ignored = Case::of(&[What::Sending], 0).kill(1, 11);
    let mut ignored = ignored.used_again_by(2, 30);
    assert_wrong(ignored.judge(1, false, 50), "had not found");
    ignored.report_at(20, 3, 2, What::Doubted);
    ignored.report_at(20, 2, 3, What::Doubted);
    ignored.report_at(31, 2, 2, What::Doubted);
    assert_wrong(ignored.judge(1, false, 50), "had not found");
    ignored.report_at(29, 2, 2, What::Doubted);
    assert_eq!(ignored.judge(1, false, 50).unwrap().used_again, 1);
}

#[test]
fn a_refresh_token_that_ended_is_wrong_whether_or_not_it_was_sent() {
    let mut case = Case::stored();
    assert_eq!(case.judge(2, false, 109).unwrap().outlived, 1);
    assert_wrong(case.judge(2, false, 110), "has ended");
    case.report(1, 3, What::Sending);
    assert_eq!(case.receive(2, 1, 111), None);
    assert_wrong(case.judge(2, false, 109), "after its end");
}

#[test]
fn what_the_store_does_not_have_is_wrong() {
    let case = Case::stored();
    let judge = Judge {
        ledger: &case.ledger,
        journal: &case.journal,
        killed: &case.killed,
        stopped_at: case.begun + 20 * SECOND,
    };
    assert!(judge.all(&[None]).is_err());
}
