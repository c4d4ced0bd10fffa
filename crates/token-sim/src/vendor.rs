//! One vendor's rules, and the desk where requests reach them.

use std::fmt;
use std::sync::Arc;

use http::Method;
use wiremock::{Request, Respond, ResponseTemplate};

use crate::answer::Answer;
use crate::call::Call;
use crate::clock::SimClock;
use crate::journal::{Journal, Kind, Outcome, Settled};
use crate::proxy::TICKET;

/// One vendor's rules: a request and an instant in, an answer out.
pub(crate) trait Vendor: Send + Sync + 'static {
    /// What a request asks for that is not for the resource.
    fn kind(&self, call: &Call) -> Kind;

    /// Acts and answers. `now` is in Unix milliseconds.
    fn serve(&self, kind: Kind, call: &Call, now: i64) -> Reply;

    /// A refusal in the vendor's shape that says this.
    fn refusal(&self, text: &str) -> Answer;
}

/// An answer, and what it means.
pub(crate) struct Reply {
    answer: Answer,
    settled: Settled,
}

impl Reply {
    pub(crate) fn new(answer: Answer, outcome: Outcome) -> Self {
        let settled = Settled {
            outcome,
            reuse: false,
            grant: None,
        };
        Self { answer, settled }
    }

    pub(crate) fn issued(answer: Answer, generation: u64) -> Self {
        Self::new(answer, Outcome::Issued { generation })
    }

    pub(crate) fn repeated(answer: Answer, generation: u64) -> Self {
        Self::new(answer, Outcome::Repeated { generation })
    }

    pub(crate) fn refused(answer: Answer, code: impl fmt::Display) -> Self {
        Self::new(answer, Outcome::refused(code))
    }

    pub(crate) fn answered(answer: Answer) -> Self {
        let status = answer.status();
        Self::new(answer, Outcome::Answered { status })
    }

    pub(crate) fn not_found() -> Self {
        Self::answered(Answer::new(404))
    }

    /// The same refusal with another status, if one is given; any other reply as it is.
    pub(crate) fn refused_with(mut self, status: Option<u16>) -> Self {
        if let (Some(status), Outcome::Refused { .. }) = (status, &self.settled.outcome) {
            self.answer = self.answer.with_status(status);
        }
        self
    }

    pub(crate) fn reuse(mut self, reuse: bool) -> Self {
        self.settled.reuse = reuse;
        self
    }

    /// The grant that the request was about.
    pub(crate) fn about(mut self, grant: Option<usize>) -> Self {
        self.settled.grant = grant;
        self
    }
}

/// What a request asks for, the resource included.
pub(crate) fn kind_of<V: Vendor>(vendor: &V, resource_path: &str, call: &Call) -> Kind {
    if call.path == resource_path {
        Kind::Resource
    } else {
        vendor.kind(call)
    }
}

/// Where requests reach the vendor.
pub(crate) struct Desk<V> {
    pub(crate) vendor: Arc<V>,
    pub(crate) clock: SimClock,
    pub(crate) resource_path: String,
    pub(crate) journal: Journal,
}

impl<V: Vendor> Respond for Desk<V> {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let call = call_of(request);
        let kind = kind_of(&*self.vendor, &self.resource_path, &call);
        let reply = self.vendor.serve(kind, &call, self.clock.now_ms());
        let ticket = call.header(TICKET).and_then(|text| text.parse().ok());
        if let Some(ticket) = ticket {
            self.journal.settle(ticket, reply.settled);
        }
        template(&reply.answer)
    }
}

fn call_of(request: &Request) -> Call {
    let method: &Method = &request.method;
    let target = match request.url.query() {
        Some(query) => format!("{}?{query}", request.url.path()),
        None => request.url.path().to_owned(),
    };
    Call::new(
        method.as_str(),
        &target,
        request.headers.clone(),
        request.body.clone(),
    )
}

fn template(answer: &Answer) -> ResponseTemplate {
    let mut template = ResponseTemplate::new(answer.status()).set_body_bytes(answer.content());
    for (name, value) in answer.headers() {
        template = template.append_header(name, value);
    }
    template
}
