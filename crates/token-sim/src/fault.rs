//! Faults: what goes wrong, when, and how often.

mod alteration;
mod oddity;
pub(crate) mod queue;
mod words;

use std::time::Duration;

use serde_json::Value;

use crate::answer::Answer;
use crate::journal::Kind;
pub(crate) use alteration::Alteration;
pub use oddity::Oddity;
pub use words::{Echo, RetryAfter};

/// A point in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The request has been read in full but the vendor has not seen it: no state has changed.
    BeforeActing,
    /// The vendor has acted (issued, rotated, used up) but the answer has not been sent.
    AfterActing,
}

/// Something that goes wrong.
///
/// ```
/// use std::time::Duration;
/// use token_sim::{Fault, Kind, Oddity, RetryAfter};
///
/// Fault::reset_after_acting();                                          // the next exchange
/// Fault::unavailable(RetryAfter::Seconds(5)).times(3);                  // the next three
/// Fault::html().until_cleared().on_path("/resource");                   // the resource, until `clear_faults`
/// Fault::status(502).after_acting().delayed(Duration::from_millis(50)); // rotated, but the answer is lost
/// Fault::odd(Oddity::ExpiresInZero);                                    // issued, with an odd answer
/// Fault::status(404).on_kind(Kind::Revocation);                         // the revocation fails
/// Fault::no_answer().on_kind(Kind::Revocation);                         // or times out
/// ```
///
/// By default a fault affects the next exchange (a login, refresh or redemption) and no other
/// request. Faults are queued: a request takes the first one that applies to it. Delays pass in
/// real time.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) effect: Effect,
    pub(crate) when: When,
    pub(crate) delay: Duration,
    scope: Scope,
    left: Option<u32>,
}

impl Fault {
    /// Waits before the vendor acts; then the exchange continues as usual.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::None, When::BeforeActing).delayed(by)
    }

    /// Resets the connection (TCP RST) when the first byte of a request arrives, and reads none of
    /// it.
    ///
    /// The path is not known then, so this affects the next request of any kind; the journal does
    /// not record it.
    pub fn reset_before_reading() -> Self {
        Self::new(Effect::ResetUnread, When::BeforeActing)
    }

    /// Resets the connection after the request has been read in full; the vendor does not see it.
    pub fn reset_before_acting() -> Self {
        Self::new(Effect::Reset, When::BeforeActing)
    }

    /// Resets the connection after the vendor has acted; no part of the answer is sent.
    pub fn reset_after_acting() -> Self {
        Self::new(Effect::Reset, When::AfterActing)
    }

    /// Closes the connection cleanly (TCP FIN) after the request has been read; the vendor does not
    /// see it.
    pub fn close_before_acting() -> Self {
        Self::new(Effect::Close, When::BeforeActing)
    }

    /// Closes the connection cleanly after the vendor has acted; no part of the answer is sent.
    pub fn close_after_acting() -> Self {
        Self::new(Effect::Close, When::AfterActing)
    }

    /// Reads the request and never answers: the connection stays open until the client gives up.
    /// The vendor does not see the request, unless [`after_acting`](Self::after_acting) says
    /// otherwise.
    pub fn no_answer() -> Self {
        Self::new(Effect::NoAnswer, When::BeforeActing)
    }

    /// Cuts the answer in the middle of its headers, after the vendor has acted.
    pub fn cut_in_headers() -> Self {
        Self::new(Effect::CutInHeaders, When::AfterActing)
    }

    /// Cuts the answer in the middle of its body, after the vendor has acted. `Content-Length` has
    /// the full length.
    pub fn cut_in_body() -> Self {
        Self::new(Effect::CutInBody, When::AfterActing)
    }

    /// Sends the answer `bytes` at a time, with a pause after each piece.
    pub fn drip(bytes: usize, pause: Duration) -> Self {
        let bytes = bytes.max(1);
        Self::new(Effect::Drip { bytes, pause }, When::AfterActing)
    }

    /// Sends a 200 whose body never ends, after the vendor has acted.
    pub fn flood() -> Self {
        Self::new(Effect::Flood, When::AfterActing)
    }

    /// Answers like a captive portal, with an HTML page and status 200; the vendor does not see the
    /// request.
    pub fn html() -> Self {
        let page = "<!DOCTYPE html><html><body><form action=\"/login\">Welcome to the hotel</form></body></html>";
        Self::answer(Answer::new(200).html(page))
    }

    /// Redirects to another address with this status (302, 307, …); the vendor does not see the
    /// request.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::answer(Answer::new(status).header("location", location))
    }

    /// Answers with this status and no body, such as 500 or 502; the vendor does not see the
    /// request.
    pub fn status(status: u16) -> Self {
        Self::answer(Answer::new(status).text("upstream trouble"))
    }

    /// Answers 429 with a `Retry-After` header, RFC 9110 section 10.2.3.
    pub fn too_many_requests(after: RetryAfter) -> Self {
        Self::answer(after.on(Answer::new(429)))
    }

    /// Answers 503 with a `Retry-After` header, RFC 9110 section 10.2.3.
    pub fn unavailable(after: RetryAfter) -> Self {
        Self::answer(after.on(Answer::new(503)))
    }

    /// Sends this answer instead of the vendor's.
    pub fn answer(answer: Answer) -> Self {
        Self::new(Effect::Answer(answer), When::BeforeActing)
    }

    /// Changes the vendor's answer in this way and in no other.
    ///
    /// An answer that a client can read all the same counts as delivered; see
    /// [`Oddity::is_readable`].
    pub fn odd(oddity: Oddity) -> Self {
        Self::altered(oddity.alteration())
    }

    /// Replaces or adds one field of the vendor's JSON answer.
    ///
    /// The field is an RFC 6901 pointer, such as `/expires_in` or
    /// `/data/accessToken/expirationTime`; the object that contains it must exist.
    pub fn with_field(pointer: &str, value: Value) -> Self {
        let pointer = pointer.to_owned();
        Self::altered(Alteration::SetField { pointer, value })
    }

    /// Removes one field, an RFC 6901 pointer, from the vendor's JSON answer.
    pub fn without_field(pointer: &str) -> Self {
        let pointer = pointer.to_owned();
        Self::altered(Alteration::RemoveField { pointer })
    }

    /// Wraps the vendor's JSON answer in an object with this field: `{"data": {…}}`.
    pub fn in_field(name: &str) -> Self {
        Self::altered(Alteration::InField(name.to_owned()))
    }

    /// Wraps the vendor's JSON answer in a list: `[{…}]`.
    pub fn in_list() -> Self {
        Self::altered(Alteration::InList)
    }

    /// Sends the top-level fields of the vendor's JSON answer as
    /// `application/x-www-form-urlencoded`.
    pub fn form_encoded() -> Self {
        Self::altered(Alteration::Form)
    }

    /// Compresses the answer (`Content-Encoding: gzip`), whether or not the client accepts that.
    pub fn gzip() -> Self {
        Self::altered(Alteration::Gzip)
    }

    /// Refuses in the vendor's usual format, with the request's token or code in the error text.
    pub fn echo(encoding: Echo) -> Self {
        Self::new(Effect::Echo(encoding), When::BeforeActing)
    }

    /// Affects the next `n` requests that it applies to. Default: 1.
    #[must_use]
    pub fn times(mut self, n: u32) -> Self {
        self.left = Some(n);
        self
    }

    /// Affects every request that it applies to, until the faults are cleared.
    #[must_use]
    pub fn until_cleared(mut self) -> Self {
        self.left = None;
        self
    }

    /// Affects only requests for this path, exchanges or not.
    #[must_use]
    pub fn on_path(mut self, path: &str) -> Self {
        self.scope = Scope::Path(path.to_owned());
        self
    }

    /// Affects only requests of this kind.
    #[must_use]
    pub fn on_kind(mut self, kind: Kind) -> Self {
        self.scope = Scope::Kind(kind);
        self
    }

    /// Affects any request, including the resource and other calls.
    #[must_use]
    pub fn on_every_request(mut self) -> Self {
        self.scope = Scope::Everything;
        self
    }

    /// Takes effect after the vendor has acted; the vendor's answer is lost.
    #[must_use]
    pub fn after_acting(mut self) -> Self {
        self.when = When::AfterActing;
        self
    }

    /// Waits before the fault takes effect.
    #[must_use]
    pub fn delayed(mut self, by: Duration) -> Self {
        self.delay = by;
        self
    }

    fn new(effect: Effect, when: When) -> Self {
        Self {
            effect,
            when,
            delay: Duration::ZERO,
            scope: Scope::Exchanges,
            left: Some(1),
        }
    }

    fn altered(alteration: Alteration) -> Self {
        Self::new(Effect::Altered(alteration), When::AfterActing)
    }

    fn fits(&self, kind: Kind, path: &str) -> bool {
        match &self.scope {
            Scope::Exchanges => kind.is_exchange(),
            Scope::Path(wanted) => wanted == path,
            Scope::Kind(wanted) => *wanted == kind,
            Scope::Everything => true,
        }
    }
}

#[derive(Clone, Debug)]
pub(crate) enum Effect {
    None,
    ResetUnread,
    Reset,
    Close,
    CutInHeaders,
    CutInBody,
    Drip { bytes: usize, pause: Duration },
    Flood,
    NoAnswer,
    Answer(Answer),
    Echo(Echo),
    Altered(Alteration),
}

#[derive(Clone, Debug)]
enum Scope {
    Exchanges,
    Path(String),
    Kind(Kind),
    Everything,
}
