//! What few tokens have: it is allocated for them alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::last_use::LastUse;
use crate::clock::coarse::CoarseSpan;
use crate::clock::millis;

/// The span in which a token is certainly fresh, and notes about it if there are any.
#[derive(Debug)]
pub(super) enum Notes {
    None(CoarseSpan),
    Some(Box<Noted>),
}

#[derive(Debug)]
pub(super) struct Noted {
    fresh_during: CoarseSpan,
    /// How many exchanges in a row were made because an API rejected the token before.
    pub(super) rejections: u32,
    /// Rejections before this elapsed time, in milliseconds, are not the token's fault; zero if
    /// there was none.
    trusted_until: AtomicU64,
    /// No exchange of our own accord before this elapsed time: the vendor just repeated the token.
    pub(super) not_before: Option<Duration>,
    /// For a sliding session.
    pub(super) last_use: LastUse,
}

/// What an API's rejection of a token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Rejection {
    /// The token is not handed out until an exchange has answered.
    Noted,
    /// It says nothing new.
    Ignored,
    /// The token is not at fault; this is the number of such rejections in a row.
    NotAtFault(u32),
}

impl Notes {
    pub(super) fn fresh_during(&self) -> CoarseSpan {
        match self {
            Self::None(span) => *span,
            Self::Some(noted) => noted.fresh_during,
        }
    }

    pub(super) fn set_fresh_during(&mut self, span: CoarseSpan) {
        match self {
            Self::None(fresh_during) => *fresh_during = span,
            Self::Some(noted) => noted.fresh_during = span,
        }
    }

    pub(super) fn get(&self) -> Option<&Noted> {
        match self {
            Self::None(_) => None,
            Self::Some(noted) => Some(noted),
        }
    }

    pub(super) fn note(&mut self, note: impl FnOnce(&mut Noted)) {
        match self {
            Self::Some(noted) => note(noted),
            Self::None(fresh_during) => {
                let mut noted = Box::new(Noted {
                    fresh_during: *fresh_during,
                    rejections: 0,
                    trusted_until: AtomicU64::new(0),
                    not_before: None,
                    last_use: LastUse::default(),
                });
                note(&mut noted);
                *self = Self::Some(noted);
            }
        }
    }
}

impl Noted {
    /// Returns until when rejections are not the token's fault, in milliseconds.
    pub(super) fn trusted_until(&self) -> u64 {
        self.trusted_until.load(Ordering::Acquire)
    }

    /// Rejections are not its fault until this elapsed time. Returns false if that was noted
    /// before.
    pub(super) fn trust_until(&self, elapsed: Duration) -> bool {
        let until = millis(elapsed).max(1);
        self.trusted_until
            .compare_exchange(0, until, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}
