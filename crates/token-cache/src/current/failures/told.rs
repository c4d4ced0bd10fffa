//! What is asked about the refusal of the grant that stands, and who ends it.

use std::time::Duration;

use token_core::Error;

use super::pause::Pause;
use super::refusal::Refusal;
use super::{A_FEW, Failure, Failures, SameRefusal};

impl Failures {
    /// Returns the refusal that stands: it is reported once, and the vendor is not asked again.
    pub(crate) fn refusal(&self) -> Option<Error> {
        let failure = self.lock();
        Some(failure.as_ref()?.refusal.as_ref()?.error().clone())
    }

    /// Whether a refusal stands of which only the store tells.
    pub(crate) fn is_refusal_told(&self) -> bool {
        let failure = self.lock();
        let refusal = failure.as_ref().and_then(|last| last.refusal.as_ref());
        refusal.is_some_and(Refusal::is_told)
    }

    /// Whether there was a failure since the last success of which the store does not tell.
    #[cfg(feature = "pool")]
    pub(crate) fn has_own(&self) -> bool {
        let failure = self.lock();
        failure.as_ref().is_some_and(|last| last.in_a_row > 0)
    }

    /// Notes the refusal of which the store tells, at this elapsed time, unless one stands. It
    /// delays no caller. Returns whether it is news.
    pub(crate) fn tell_refusal(&self, error: &Error, now: Duration) -> bool {
        let mut failure = self.lock();
        let failure = failure.get_or_insert_with(|| Box::new(Failure::told(error, now)));
        let is_news = failure.refusal.is_none();
        let told = || Refusal::by_the_store(error);
        failure.refusal.get_or_insert_with(told);
        is_news
    }

    /// Forgets the refusal of which only the store tells, because it does so no longer.
    pub(crate) fn end_told_refusal(&self) {
        let mut failure = self.lock();
        let Some(last) = &mut *failure else { return };
        last.refusal.take_if(|refusal| refusal.is_told());
        if last.refusal.is_none() && last.in_a_row == 0 {
            *failure = None;
        }
    }

    /// Forgets the refusal, because a person says that it was wrong or is mended: the next caller
    /// tries again. A pause that the vendor asked for is still kept.
    pub(crate) fn forget_refusal(&self) {
        if let Some(failure) = &mut *self.lock() {
            failure.refusal = None;
            failure.pause.forget_our_own();
        }
    }

    /// Forgets the refusal, because the vendor issued something: the grant is alive.
    pub(crate) fn clear_refusal(&self) {
        if let Some(failure) = &mut *self.lock() {
            failure.refusal = None;
        }
    }
}

impl Failure {
    /// No failure of this process.
    fn told(error: &Error, now: Duration) -> Self {
        Self {
            error: error.clone(),
            is_temporary: false,
            refusal: None,
            pause: Pause::none(now),
            in_a_row: 0,
            tolerated: A_FEW,
            answers: 0,
            login_failed: false,
            same: SameRefusal {
                status: None,
                since: now,
                times: 0,
                told: false,
            },
        }
    }
}
