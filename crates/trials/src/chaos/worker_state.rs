//! What is known of the processes: their states from their messages, and a log of each round.

use tokio::time::Instant;

use super::protocol::{FromWorker, Handed};

/// Everything that matters to the orchestrator.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkerState {
    pub(super) ready: bool,
    /// A request is under way.
    pub(super) sending: bool,
    /// A token was issued to it that the store did not acknowledge.
    pub(super) holding: bool,
    /// The store did not acknowledge it, but the fallback store has it.
    pub(super) in_fallback: bool,
    pub(super) rejected: bool,
    /// The last question to it, and the last one that it answered.
    pub(super) asked: u64,
    pub(super) answered: u64,
    /// Its answer, if that was a token.
    pub(super) handed: Option<Handed>,
    /// How long its bare read took, in microseconds.
    pub(super) read_us: Option<i64>,
    pub(super) gone: bool,
    /// The result of the logout that it was told to do.
    pub(super) logged_out: Option<Result<(), String>>,
    /// The result of the redemption that it was told to do: a generation.
    pub(super) redeemed: Option<Result<u64, String>>,
    /// The step before which it killed itself, and the generation that was complete in a temporary
    /// file then.
    pub(super) whole_at_death: Option<u64>,
    /// It has known since this question that the grant was logged out.
    knows_of_logout_since: Option<u64>,
    message: Option<u64>,
}

/// A token that a process handed out.
#[derive(Clone, Copy, Debug)]
pub(super) struct HandedOut {
    pub(super) process: usize,
    pub(super) handed: Handed,
    /// When it was asked, the process already knew that the grant was logged out.
    pub(super) knew_of_logout: bool,
}

/// The wording of the engine; a test in `worker.rs` compares it.
pub(super) const LOGGED_OUT: &str = "logged out";

impl WorkerState {
    /// Notes a message, given the number of the last question.
    pub(super) fn note(&mut self, message: &FromWorker, last_question: u64) {
        match message {
            FromWorker::Ready => self.ready = true,
            FromWorker::Sending => self.sending = true,
            FromWorker::Answered { status } => {
                self.sending = false;
                self.holding |= *status == 200;
            }
            FromWorker::Unanswered => self.sending = false,
            FromWorker::Committed { .. } | FromWorker::Uncommitted { is_final: true, .. } => {
                self.holding = false;
                self.in_fallback = false;
            }
            FromWorker::InFallback => self.in_fallback = true,
            FromWorker::Rejected { why } => {
                self.rejected = true;
                if why.contains(LOGGED_OUT) {
                    self.knows_of_logout_since.get_or_insert(last_question);
                }
            }
            FromWorker::LoggedOut { error } => {
                self.logged_out = Some(error.clone().map_or(Ok(()), Err));
                if error.is_none() {
                    self.knows_of_logout_since.get_or_insert(last_question);
                }
            }
            FromWorker::Redeemed { generation, error } => {
                self.redeemed = Some(generation.ok_or_else(|| error.clone().unwrap_or_default()));
            }
            FromWorker::Dying { whole, .. } => self.whole_at_death = *whole,
            FromWorker::Handed(handed) => {
                self.answered = self.answered.max(handed.number);
                self.handed = Some(*handed);
                self.message = Some(handed.generation);
            }
            FromWorker::Refused { number, .. } => {
                self.answered = self.answered.max(*number);
                self.handed = None;
            }
            FromWorker::Read { took_us } => self.read_us = Some(*took_us),
            FromWorker::Uncommitted { .. }
            | FromWorker::Noted { .. }
            | FromWorker::Adopted { .. }
            | FromWorker::Overtaken => {}
        }
    }

    /// Returns whether it knew, when this question was asked, that the grant was logged out.
    pub(super) fn knew_of_logout(&self, question: u64) -> bool {
        self.knows_of_logout_since
            .is_some_and(|since| question > since)
    }

    pub(super) fn knows_of_logout(&self) -> bool {
        self.knows_of_logout_since.is_some()
    }

    pub(super) fn clear_endings(&mut self) {
        self.logged_out = None;
        self.redeemed = None;
    }

    /// Notes that another grant begins.
    pub(super) fn begin_grant(&mut self) {
        self.rejected = false;
        self.knows_of_logout_since = None;
    }

    /// Returns whether it is worth a line in the log: the same token again is not.
    pub(super) fn is_news(&self, message: &FromWorker) -> bool {
        !matches!(message, FromWorker::Handed(handed) if self.message == Some(handed.generation))
    }

    /// Returns whether every question is answered.
    pub(super) fn has_answered(&self) -> bool {
        self.answered == self.asked
    }

    /// Returns whether something is under way that the store does not know yet.
    pub(super) fn has_unsaved_token(&self) -> bool {
        self.sending || self.holding
    }

    /// Returns whether a token is lost if it is killed now.
    pub(super) fn would_lose(&self) -> bool {
        self.sending || (self.holding && !self.in_fallback)
    }
}

/// What happened in a round, in case it has to be explained.
#[derive(Debug)]
pub(super) struct Log {
    begun: Instant,
    lines: Vec<String>,
}

impl Log {
    pub(super) fn begin() -> Self {
        Self {
            begun: Instant::now(),
            lines: Vec::new(),
        }
    }

    /// Adds something about one process.
    pub(super) fn add(&mut self, process: usize, what: &str) {
        self.note(&format!("process {process}: {what}"));
    }

    /// Adds something about all of them.
    pub(super) fn note(&mut self, what: &str) {
        let at = self.begun.elapsed().as_secs_f64() * 1000.0;
        self.lines.push(format!("{at:>9.1} ms  {what}"));
    }

    pub(super) fn text(&self) -> String {
        self.lines.join("\n")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(message: &[FromWorker]) -> WorkerState {
        let mut state = WorkerState::default();
        message.iter().for_each(|message| state.note(message, 1));
        state
    }

    #[test]
    fn a_process_killed_with_a_request_under_way_or_an_unwritten_token_loses_it() {
        assert!(!after(&[]).would_lose());
        assert!(after(&[FromWorker::Sending]).would_lose());
        assert!(!after(&[FromWorker::Sending, FromWorker::Unanswered]).would_lose());
        assert!(!after(&[FromWorker::Sending, FromWorker::Answered { status: 400 }]).would_lose());
        assert!(after(&[FromWorker::Sending, FromWorker::Answered { status: 200 }]).would_lose());
    }

    #[test]
    fn a_process_that_logged_out_or_learned_of_it_knows_it_from_the_next_question_on() {
        let why = "the grant was logged out".to_owned();
        for message in [
            FromWorker::LoggedOut { error: None },
            FromWorker::Rejected { why },
        ] {
            let mut state = after(&[message]);
            assert_eq!(
                (state.knew_of_logout(1), state.knew_of_logout(2)),
                (false, true)
            );
            state.begin_grant();
            assert!(!state.knew_of_logout(2));
        }
        let why = "invalid_grant".to_owned();
        assert!(!after(&[FromWorker::Rejected { why }]).knew_of_logout(2));
    }

    #[test]
    fn a_token_is_safe_in_the_store_or_the_fallback_store() {
        let answered = FromWorker::Answered { status: 200 };
        let committed = FromWorker::Committed {
            generation: 2,
            at_us: 0,
        };
        assert!(!after(&[answered.clone(), committed]).has_unsaved_token());
        let in_fallback = after(&[answered, FromWorker::InFallback]);
        assert!(in_fallback.has_unsaved_token() && !in_fallback.would_lose());
    }
}
