//! What goes wrong, when, and how often.

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

/// A moment in an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum When {
    /// The request was read in full and the vendor has not seen it: no state has changed.
    BeforeActing,
    /// The vendor has acted (issued, rotated, burnt) and the answer has not been sent.
    AfterActing,
}

/// One thing that goes wrong.
///
/// ```
/// use std::time::Duration;
/// use token_sim::{Fault, Kind, Oddity, RetryAfter};
///
/// Fault::reset_after_acting();                                          // the next exchange
/// Fault::unavailable(RetryAfter::Seconds(5)).times(3);                  // the next three
/// Fault::html().until_cleared().on_path("/resource");                   // the resource, until `clear_faults`
/// Fault::status(502).after_acting().delayed(Duration::from_millis(50)); // rotated, and nobody learns of it
/// Fault::odd(Oddity::ExpiresInZero);                                    // issued, with an odd answer
/// Fault::status(404).on_kind(Kind::Revocation);                         // the revocation fails
/// Fault::no_answer().on_kind(Kind::Revocation);                         // or times out
/// ```
///
/// Unless told otherwise a fault hits the next exchange (a login, refresh or redemption) and no
/// other request. Faults wait in a line: a request meets the first one that fits it.
#[derive(Clone, Debug)]
pub struct Fault {
    pub(crate) effect: Effect,
    pub(crate) when: When,
    pub(crate) delay: Duration,
    scope: Scope,
    left: Option<u32>,
}

impl Fault {
    /// Waits before the vendor acts; the exchange then goes on as usual. Real time.
    pub fn delay(by: Duration) -> Self {
        Self::new(Effect::None, When::BeforeActing).delayed(by)
    }

    /// Resets the connection (TCP RST) when the first byte of a request arrives, and reads none of
    /// it.
    ///
    /// The path cannot be known then, so this hits whatever request comes next; nothing is
    /// journalled.
    pub fn reset_before_reading() -> Self {
        Self::new(Effect::ResetUnread, When::BeforeActing)
    }

    /// Resets the connection after the request was read in full; the vendor never sees it.
    pub fn reset_before_acting() -> Self {
        Self::new(Effect::Reset, When::BeforeActing)
    }

    /// The vendor acts, then the connection is reset: the answer is lost entirely.
    pub fn reset_after_acting() -> Self {
        Self::new(Effect::Reset, When::AfterActing)
    }

    /// Closes the connection in good order (TCP FIN) after the request was read; the vendor never
    /// sees it.
    pub fn close_before_acting() -> Self {
        Self::new(Effect::Close, When::BeforeActing)
    }

    /// The vendor acts, then the connection is closed in good order without a byte of the answer.
    pub fn close_after_acting() -> Self {
        Self::new(Effect::Close, When::AfterActing)
    }

    /// Reads the request and never answers: the connection stays open until the client gives up.
    /// The vendor never sees the request, unless told otherwise by
    /// [`after_acting`](Self::after_acting).
    pub fn no_answer() -> Self {
        Self::new(Effect::NoAnswer, When::BeforeActing)
    }

    /// The vendor acts; the answer ends in the middle of its headers.
    pub fn cut_in_headers() -> Self {
        Self::new(Effect::CutInHeaders, When::AfterActing)
    }

    /// The vendor acts; the answer ends in the middle of its body. `Content-Length` tells the full
    /// length.
    pub fn cut_in_body() -> Self {
        Self::new(Effect::CutInBody, When::AfterActing)
    }

    /// The vendor acts; the answer arrives `bytes` at a time, with a pause after each piece. Real
    /// time.
    pub fn drip(bytes: usize, pause: Duration) -> Self {
        let bytes = bytes.max(1);
        Self::new(Effect::Drip { bytes, pause }, When::AfterActing)
    }

    /// The vendor acts; instead of its answer comes a 200 whose body never ends.
    pub fn flood() -> Self {
        Self::new(Effect::Flood, When::AfterActing)
    }

    /// A captive portal: an HTML page with status 200; the vendor never sees the request.
    pub fn html() -> Self {
        let page = "<!DOCTYPE html><html><body><form action=\"/login\">Welcome to the hotel</form></body></html>";
        Self::answer(Answer::new(200).html(page))
    }

    /// A redirect with this status (302, 307, …) to another address; the vendor never sees the
    /// request.
    pub fn redirect(status: u16, location: &str) -> Self {
        Self::answer(Answer::new(status).header("location", location))
    }

    /// A bare status, such as 500 or 502; the vendor never sees the request.
    pub fn status(status: u16) -> Self {
        Self::answer(Answer::new(status).text("upstream trouble"))
    }

    /// 429 with a `Retry-After` header, RFC 9110 section 10.2.3.
    pub fn too_many_requests(after: RetryAfter) -> Self {
        Self::answer(after.on(Answer::new(429)))
    }

    /// 503 with a `Retry-After` header, RFC 9110 section 10.2.3.
    pub fn unavailable(after: RetryAfter) -> Self {
        Self::answer(after.on(Answer::new(503)))
    }

    /// Any answer at all in the vendor's place.
    pub fn answer(answer: Answer) -> Self {
        Self::new(Effect::Answer(answer), When::BeforeActing)
    }

    /// The vendor acts; its answer is odd in this way, and whole otherwise.
    ///
    /// An answer that a client can read all the same counts as delivered; see
    /// [`Oddity::is_readable`].
    pub fn odd(oddity: Oddity) -> Self {
        Self::altered(oddity.alteration())
    }

    /// The vendor acts; one field of its JSON answer gets another value, or is added.
    ///
    /// The field is named by an RFC 6901 pointer, and the object around it must be there:
    /// `/expires_in`, `/data/accessToken/expirationTime`.
    pub fn with_field(pointer: &str, value: Value) -> Self {
        let pointer = pointer.to_owned();
        Self::altered(Alteration::SetField { pointer, value })
    }

    /// The vendor acts; one field of its JSON answer is left out. The field is named by an RFC 6901
    /// pointer.
    pub fn without_field(pointer: &str) -> Self {
        let pointer = pointer.to_owned();
        Self::altered(Alteration::RemoveField { pointer })
    }

    /// The vendor acts; its JSON answer is the value of this field in another object:
    /// `{"data": {…}}`.
    pub fn in_field(name: &str) -> Self {
        Self::altered(Alteration::InField(name.to_owned()))
    }

    /// The vendor acts; its JSON answer is the only element of a list: `[{…}]`.
    pub fn in_list() -> Self {
        Self::altered(Alteration::InList)
    }

    /// The vendor acts; the top-level fields of its JSON answer come as
    /// `application/x-www-form-urlencoded`.
    pub fn form_encoded() -> Self {
        Self::altered(Alteration::Form)
    }

    /// The vendor acts; its answer comes with `Content-Encoding: gzip`, whether or not the client
    /// asked for that.
    pub fn gzip() -> Self {
        Self::altered(Alteration::Gzip)
    }

    /// A refusal of the vendor's usual shape whose text quotes the token (or code) that the request
    /// carried.
    pub fn echo(encoding: Echo) -> Self {
        Self::new(Effect::Echo(encoding), When::BeforeActing)
    }

    /// Hits the next `n` requests that fit. One, unless told otherwise.
    #[must_use]
    pub fn times(mut self, n: u32) -> Self {
        self.left = Some(n);
        self
    }

    /// Hits every request that fits, until the faults are cleared.
    #[must_use]
    pub fn until_cleared(mut self) -> Self {
        self.left = None;
        self
    }

    /// Hits requests for this path only, exchanges or not.
    #[must_use]
    pub fn on_path(mut self, path: &str) -> Self {
        self.scope = Scope::Path(path.to_owned());
        self
    }

    /// Hits requests of this kind only.
    #[must_use]
    pub fn on_kind(mut self, kind: Kind) -> Self {
        self.scope = Scope::Kind(kind);
        self
    }

    /// Hits any request, the resource and other calls too.
    #[must_use]
    pub fn on_every_request(mut self) -> Self {
        self.scope = Scope::Everything;
        self
    }

    /// Lets the vendor act first; what it answered is lost.
    #[must_use]
    pub fn after_acting(mut self) -> Self {
        self.when = When::AfterActing;
        self
    }

    /// Waits before the fault strikes. Real time.
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
