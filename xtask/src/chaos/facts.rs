//! What is known of a process by what it said.

use super::words::{Handed, Said};

/// All that matters to the orchestrator.
#[derive(Clone, Debug, Default)]
pub(super) struct Facts {
    pub(super) ready: bool,
    /// A request is under way.
    pub(super) sending: bool,
    /// A token was issued to it that the store did not acknowledge.
    pub(super) holding: bool,
    /// But its spill has it.
    pub(super) spilled: bool,
    pub(super) rejected: bool,
    /// The last question to it, and the last that it answered.
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// What it answered, where that was a token.
    pub(super) handed: Option<Handed>,
    /// How long its bare read took, in microseconds.
    pub(super) read_us: Option<i64>,
    pub(super) gone: bool,
    told: Option<u64>,
}

impl Facts {
    pub(super) fn note(&mut self, said: &Said) {
        match said {
            Said::Ready => self.ready = true,
            Said::Sending => self.sending = true,
            Said::Answered { status } => {
                self.sending = false;
                self.holding |= *status == 200;
            }
            Said::Unanswered => self.sending = false,
            Said::Committed { .. } => {
                self.holding = false;
                self.spilled = false;
            }
            Said::Spilled => self.spilled = true,
            Said::Rejected { .. } => self.rejected = true,
            Said::Handed(handed) => {
                self.answered = self.answered.max(handed.number);
                self.handed = Some(*handed);
                self.told = Some(handed.generation);
            }
            Said::Refused { number, .. } => {
                self.answered = self.answered.max(*number);
                self.handed = None;
            }
            Said::Read { took_us } => self.read_us = Some(*took_us),
            Said::Uncommitted { .. } | Said::Noted { .. } | Said::Adopted { .. } | Said::Overtaken => {}
        }
    }

    /// Whether it is worth a line: the same token again is not.
    pub(super) fn is_news(&self, said: &Said) -> bool {
        !matches!(said, Said::Handed(handed) if self.told == Some(handed.generation))
    }

    /// Everything asked is answered.
    pub(super) fn has_answered(&self) -> bool {
        self.answered == self.asked
    }

    /// Something is under way that the store does not know yet.
    pub(super) fn has_something(&self) -> bool {
        self.sending || self.holding
    }

    /// Killed now, it would take a token along.
    pub(super) fn would_lose(&self) -> bool {
        self.sending || (self.holding && !self.spilled)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(said: &[Said]) -> Facts {
        let mut facts = Facts::default();
        said.iter().for_each(|said| facts.note(said));
        facts
    }

    #[test]
    fn who_dies_with_a_request_under_way_or_an_unwritten_token_takes_it_along() {
        assert!(!after(&[]).would_lose());
        assert!(after(&[Said::Sending]).would_lose());
        assert!(!after(&[Said::Sending, Said::Unanswered]).would_lose());
        assert!(!after(&[Said::Sending, Said::Answered { status: 400 }]).would_lose());
        assert!(after(&[Said::Sending, Said::Answered { status: 200 }]).would_lose());
    }

    #[test]
    fn a_token_is_safe_with_the_store_or_the_spill() {
        let answered = Said::Answered { status: 200 };
        let committed = Said::Committed {
            generation: 2,
            at_us: 0,
        };
        assert!(!after(&[answered.clone(), committed]).has_something());
        let spilled = after(&[answered, Said::Spilled]);
        assert!(spilled.has_something() && !spilled.would_lose());
    }
}
