use super::{Case, assert_wrong};
use crate::pool::protocol::What;

/// The second access token expires after 30 seconds, and its refresh token ends after 110. Process
/// 1 declares that it sends that.
fn declared() -> Case {
    let mut case = Case::stored();
    case.report_at(28, 1, 3, What::Declaring);
    case
}

impl Case {
    fn in_doubt(mut self, process: u32, at: u32) -> Self {
        self.report_at(at, process, 3, What::Doubted);
        self
    }

    fn sent(mut self, process: u32, at: u32) -> Self {
        self.report_at(at, process, 3, What::Declaring);
        self.report_at(at, process, 3, What::Sending);
        assert_eq!(self.receive(2, process, at), None);
        self
    }

    fn assert_ends_in_doubt(&self) {
        assert_eq!(self.judge(2, true, 112).unwrap().ended_in_doubt, 1);
    }

    fn assert_ends_without_excuse(&self) {
        assert_wrong(self.judge(2, true, 112), "has ended");
    }
}

#[test]
fn a_refresh_token_ends_in_doubt_only_if_none_of_those_in_doubt_lived_long_enough() {
    let case = declared().kill(1, 29).in_doubt(2, 40);
    case.assert_ends_without_excuse();
    let case = case.kill(2, 67);
    case.assert_ends_in_doubt();
    assert_wrong(case.judge(2, false, 112), "has ended");
    case.kill(2, 68).assert_ends_without_excuse();
}

#[test]
fn a_refresh_token_that_is_sent_after_a_doubt_may_have_ended_meanwhile() {
    let case = declared().kill(1, 29).in_doubt(2, 50).kill(2, 70);
    let in_time = case.in_doubt(3, 90).sent(3, 111);
    assert_eq!(in_time.judge(2, false, 112).unwrap().ended_in_doubt, 1);
    let case = declared().kill(1, 29).in_doubt(2, 50).kill(2, 70);
    let too_late = case.in_doubt(3, 83).sent(3, 111);
    assert_wrong(too_late.judge(2, false, 112), "after its end");
}

#[test]
fn a_refresh_token_ends_in_doubt_only_if_one_that_declared_to_send_it_was_killed() {
    let nobody = Case::stored().in_doubt(2, 40).kill(2, 67);
    nobody.assert_ends_without_excuse();
    let alive = declared().in_doubt(2, 40).kill(2, 67);
    alive.assert_ends_without_excuse();
    alive.kill(1, 111).assert_ends_without_excuse();
    let mut of_another_generation = Case::stored().kill(1, 29).in_doubt(2, 40).kill(2, 67);
    of_another_generation.report_at(9, 1, 2, What::Declaring);
    of_another_generation.assert_ends_without_excuse();
}

#[test]
fn a_refresh_token_ends_in_doubt_only_if_nobody_looked_away_for_long() {
    let before = |at| declared().kill(1, 29).in_doubt(2, at).kill(2, at + 10);
    before(75).assert_ends_in_doubt();
    before(76).assert_ends_without_excuse();
    let after = |killed| declared().kill(1, 29).in_doubt(2, 45).kill(2, killed);
    after(65).assert_ends_in_doubt();
    after(64).assert_ends_without_excuse();
    let between = |at| after(55).in_doubt(3, at).kill(3, at + 5);
    between(100).assert_ends_in_doubt();
    between(101).assert_ends_without_excuse();
}
