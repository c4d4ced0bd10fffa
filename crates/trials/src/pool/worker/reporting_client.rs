//! The HTTP client of a process, which reports each request and its answer.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use vendor_auth::ReqwestClient;
use vendor_auth::types::{HttpClient, SendError};

use crate::pool::fault::Fault;
use crate::pool::protocol::{Reporter, What};
use crate::pool::vendor::spent;

#[derive(Debug)]
pub(super) struct ReportingClient {
    pub(super) client: ReqwestClient,
    pub(super) fault: Option<Fault>,
    pub(super) reporter: Reporter,
}

type Answer = Result<http::Response<Bytes>, SendError>;

#[async_trait]
impl HttpClient for ReportingClient {
    async fn send(&self, request: http::Request<Bytes>, within: Duration) -> Answer {
        let Some((account, generation)) = spent_by(&request) else {
            return self.client.send(request, within).await;
        };
        let next = generation + 1;
        if self.fault == Some(Fault::SendsTwice) && Fault::SendsTwice.affects(account) {
            self.reporter.step(account, next, What::Sending);
            _ = self.client.send(request.clone(), within).await;
        }
        self.reporter.step(account, next, What::Sending);
        let answer = self.client.send(request, within).await;
        self.reporter.step(account, next, what(&answer));
        answer
    }
}

fn spent_by(request: &http::Request<Bytes>) -> Option<(usize, u64)> {
    spent(std::str::from_utf8(request.body()).ok()?)
}

fn what(answer: &Answer) -> What {
    match answer {
        Ok(answer) if answer.status().is_success() => What::Issued,
        Ok(_) => What::Refused,
        Err(_) => What::Unanswered,
    }
}
