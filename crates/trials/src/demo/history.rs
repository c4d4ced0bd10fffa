//! The tokens of one endpoint over time, for its timeline.

use token_core::{Timestamp, Token, Validity};

/// The life of a grant, as the timeline shows it.
#[derive(Clone, Debug)]
pub(crate) struct GrantHistory {
    pub(crate) begun: Timestamp,
    pub(crate) ended: Timestamp,
    pub(crate) spans: Vec<Span>,
    pub(crate) marks: Vec<Mark>,
    pub(crate) outage: Option<(Timestamp, Timestamp)>,
    pub(crate) attempts: Vec<Attempt>,
    /// The last token that callers got.
    pub(crate) last_token: Option<Token>,
}

/// The life of one token.
#[derive(Clone, Debug)]
pub(crate) struct Span {
    pub(crate) generation: u64,
    pub(crate) validity: Validity,
    /// When callers began to get it, and when they stopped.
    pub(crate) served: (Timestamp, Timestamp),
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) struct Mark {
    pub(crate) at: Timestamp,
    pub(crate) text: String,
}

/// A request for a token, and the vendor's answer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) at: Timestamp,
    pub(crate) end: End,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// With a token.
    Token,
    /// With the vendor's refusal.
    Refused,
    /// With nothing from the vendor.
    NoAnswer,
}

impl GrantHistory {
    /// Returns an empty history.
    pub(crate) fn begun(at: Timestamp) -> Self {
        Self {
            begun: at,
            ended: at,
            spans: Vec::new(),
            marks: Vec::new(),
            outage: None,
            attempts: Vec::new(),
            last_token: None,
        }
    }

    /// Notes that callers get this token at `now`.
    pub(crate) fn token(&mut self, token: &Token, now: Timestamp) {
        let generation = token.generation().number();
        self.last_token = Some(token.clone());
        self.ended = self.ended.max(now);
        if let Some(last) = self.spans.last_mut() {
            last.served.1 = now.min(last.validity.expires_at());
            if last.generation == generation {
                return;
            }
        }
        self.spans.push(Span {
            generation,
            validity: token.validity(),
            served: (now, now),
        });
    }

    /// Notes something that happens at `now`.
    pub(crate) fn mark(&mut self, now: Timestamp, text: impl Into<String>) {
        self.ended = self.ended.max(now);
        self.marks.push(Mark {
            at: now,
            text: text.into(),
        });
    }
}
