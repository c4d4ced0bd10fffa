//! A client's connection: its requests and their faults.

use std::io;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Duration;

use tokio::time::sleep;

use super::sending::{self, Receipt, Rendered, Socket};
use super::upstream::Upstream;
use super::wire::{Framing, Inbox, malformed};
use crate::answer::Answer;
use crate::call::Call;
use crate::clock::SimClock;
use crate::fault::queue::FaultQueue;
use crate::fault::{Alteration, Effect, Fault, When};
use crate::hold::Gates;
use crate::journal::{Journal, Kind, Outcome};
#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::vendor::Reply;

/// The state that the connections of one proxy share.
pub(super) struct ProxyState {
    pub(super) upstream: Upstream,
    pub(super) journal: Journal,
    pub(super) date: Option<SimClock>,
    pub(super) faults: FaultQueue,
    pub(super) gates: Gates,
    pub(super) connections: AtomicUsize,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Tls>,
}

pub(super) struct Connection<S> {
    inbox: Inbox<S>,
    state: Arc<ProxyState>,
}

/// A request in progress.
struct Exchange {
    call: Call,
    kind: Kind,
    entry: usize,
    closes: bool,
}

#[derive(PartialEq)]
enum Next {
    Request,
    Close,
}

impl<S: Socket> Connection<S> {
    pub(super) fn new(stream: S, state: Arc<ProxyState>) -> Self {
        Self {
            inbox: Inbox::new(stream),
            state,
        }
    }

    pub(super) async fn run(mut self) {
        while let Ok(Next::Request) = self.one().await {}
    }

    async fn one(&mut self) -> io::Result<Next> {
        if !self.inbox.has_more().await? {
            return Ok(Next::Close);
        }
        if let Some(fault) = self.state.faults.resets_unread() {
            pause(fault.delay).await;
            return Ok(self.reset());
        }
        let exchange = self.receive().await?;
        self.state
            .gates
            .pass(exchange.kind, When::BeforeActing)
            .await;
        match self
            .state
            .faults
            .for_request(exchange.kind, &exchange.call.path)
        {
            Some(fault) => self.with_fault(&exchange, fault).await,
            None => {
                let answer = self.act(&exchange).await;
                self.send(&exchange, &answer).await
            }
        }
    }

    async fn receive(&mut self) -> io::Result<Exchange> {
        let head = self.inbox.head().await?;
        let body = self.inbox.body(head.framing(Framing::Length(0))?).await?;
        let mut words = head.first_line.split(' ');
        let (method, target) = words.next().zip(words.next()).ok_or_else(malformed)?;
        let asked_to_close = head
            .headers
            .get("connection")
            .is_some_and(|value| value.as_bytes() == b"close");
        let closes = asked_to_close || head.first_line.ends_with("HTTP/1.0");
        let call = Call::new(method, target, head.headers, body);
        let kind = self.state.upstream.kind(&call);
        let entry = self
            .state
            .journal
            .arrived(kind, &call.path, &call.credential());
        Ok(Exchange {
            call,
            kind,
            entry,
            closes,
        })
    }

    async fn with_fault(&mut self, exchange: &Exchange, fault: Fault) -> io::Result<Next> {
        if fault.when == When::AfterActing {
            let answer = self.act(exchange).await;
            pause(fault.delay).await;
            return self.spoil(exchange, &fault.effect, &answer).await;
        }
        pause(fault.delay).await;
        if matches!(fault.effect, Effect::None) {
            let answer = self.act(exchange).await;
            return self.send(exchange, &answer).await;
        }
        self.state
            .journal
            .settle(exchange.entry, Outcome::Unasked.into());
        self.instead(exchange, &fault.effect).await
    }

    /// Passes the request on, whether or not the client is still connected.
    async fn act(&self, exchange: &Exchange) -> Answer {
        let state = &self.state;
        let served = state.upstream.serve(exchange.kind, &exchange.call);
        let Reply {
            mut answer,
            settled,
        } = served.await;
        if state.date.is_some() {
            answer.headers_mut().remove("date");
        }
        state.journal.settle(exchange.entry, settled);
        state.gates.pass(exchange.kind, When::AfterActing).await;
        answer
    }

    /// The vendor has not acted and will not.
    async fn instead(&mut self, exchange: &Exchange, effect: &Effect) -> io::Result<Next> {
        match effect {
            Effect::Answer(answer) => self.send(exchange, answer).await,
            Effect::Echo(echo) => {
                let text = format!("Invalid token: {}", echo.write(&exchange.call.credential()));
                let answer = self.state.upstream.refusal(&text);
                self.send(exchange, &answer).await
            }
            Effect::Close => Ok(Next::Close),
            Effect::NoAnswer => self.keep_silent().await,
            _ => Ok(self.reset()),
        }
    }

    /// Sends, changes or loses the answer of the vendor, which has acted.
    async fn spoil(
        &mut self,
        exchange: &Exchange,
        effect: &Effect,
        answer: &Answer,
    ) -> io::Result<Next> {
        let Rendered { bytes, body_at } = self.render(exchange, answer);
        match effect {
            Effect::None => self.send(exchange, answer).await,
            Effect::Reset | Effect::ResetUnread => Ok(self.reset()),
            Effect::Close => Ok(Next::Close),
            Effect::CutInHeaders => self.cut(&bytes, body_at / 2).await,
            Effect::CutInBody => {
                self.cut(&bytes, body_at + (bytes.len() - body_at) / 2)
                    .await
            }
            Effect::Drip {
                bytes: piece,
                pause,
            } => self.drip(exchange, &bytes, *piece, *pause).await,
            Effect::Flood => {
                let date = self.state.date.as_ref().map(SimClock::date_text);
                let date = date.unwrap_or_default();
                sending::flood(self.inbox.stream(), &date).await?;
                Ok(Next::Close)
            }
            Effect::NoAnswer => self.keep_silent().await,
            Effect::Altered(alteration) => self.send_altered(exchange, answer, alteration).await,
            Effect::Answer(other) => self.replace(exchange, other).await,
            Effect::Echo(echo) => {
                let text = echo.write(&exchange.call.credential());
                let other = self.state.upstream.refusal(&text);
                self.replace(exchange, &other).await
            }
        }
    }

    async fn send(&mut self, exchange: &Exchange, answer: &Answer) -> io::Result<Next> {
        if sending::has_left(self.inbox.stream()) {
            return Ok(Next::Close);
        }
        let bytes = self.render(exchange, answer).bytes;
        let receipt = exchange.receipt(&self.state.journal);
        sending::whole(self.inbox.stream(), &bytes, Some(receipt)).await?;
        Ok(exchange.next())
    }

    /// Sends another answer instead of the vendor's, which is not delivered.
    async fn replace(&mut self, exchange: &Exchange, answer: &Answer) -> io::Result<Next> {
        let bytes = self.render(exchange, answer).bytes;
        sending::whole(self.inbox.stream(), &bytes, None).await?;
        Ok(exchange.next())
    }

    /// Sends an altered answer, which is delivered if its tokens can be read.
    async fn send_altered(
        &mut self,
        exchange: &Exchange,
        answer: &Answer,
        alteration: &Alteration,
    ) -> io::Result<Next> {
        let now = self.state.date.as_ref().map_or(0, SimClock::now_ms);
        let altered = alteration.apply(answer, now);
        if alteration.is_readable() {
            return self.send(exchange, &altered).await;
        }
        self.replace(exchange, &altered).await
    }

    /// Waits until the client closes its side.
    async fn keep_silent(&mut self) -> io::Result<Next> {
        self.inbox.body(Framing::UntilClose).await?;
        Ok(Next::Close)
    }

    async fn cut(&mut self, bytes: &[u8], at: usize) -> io::Result<Next> {
        let (kept, _) = bytes.split_at(at.min(bytes.len().saturating_sub(1)));
        sending::part(self.inbox.stream(), kept).await?;
        Ok(Next::Close)
    }

    async fn drip(
        &mut self,
        exchange: &Exchange,
        bytes: &[u8],
        piece: usize,
        pause: Duration,
    ) -> io::Result<Next> {
        let receipt = exchange.receipt(&self.state.journal);
        sending::drip(self.inbox.stream(), bytes, piece, pause, Some(receipt)).await?;
        Ok(exchange.next())
    }

    fn reset(&mut self) -> Next {
        sending::reset(self.inbox.stream());
        Next::Close
    }

    fn render(&self, exchange: &Exchange, answer: &Answer) -> Rendered {
        sending::render(
            answer,
            self.state.date.as_ref(),
            &exchange.call.method,
            exchange.closes,
        )
    }
}

impl Exchange {
    fn receipt<'a>(&self, journal: &'a Journal) -> Receipt<'a> {
        let entry = self.entry;
        Receipt { journal, entry }
    }

    fn next(&self) -> Next {
        if self.closes {
            Next::Close
        } else {
            Next::Request
        }
    }
}

async fn pause(by: Duration) {
    if !by.is_zero() {
        sleep(by).await;
    }
}
