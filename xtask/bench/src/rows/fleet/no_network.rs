//! An HTTP client that answers at once, to measure what an engine takes without a network.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use oauth2_refresh::token_core::{HttpClient, SendError};

/// Issues tokens as the token server does.
#[derive(Debug, Default)]
pub struct NoNetwork {
    life: AtomicU64,
    issued: AtomicU64,
    count: AtomicU64,
}

impl NoNetwork {
    /// Sets the life of the tokens from now on.
    pub fn set_life(&self, life: Duration) {
        self.life.store(life.as_secs(), Relaxed);
    }

    /// Returns how many tokens were issued since the last time.
    pub fn take_count(&self) -> u64 {
        self.count.swap(0, Relaxed)
    }
}

#[async_trait]
impl HttpClient for NoNetwork {
    async fn send(
        &self,
        _request: Request<Bytes>,
        _within: Duration,
    ) -> Result<Response<Bytes>, SendError> {
        self.count.fetch_add(1, Relaxed);
        let number = self.issued.fetch_add(1, Relaxed);
        let life = self.life.load(Relaxed);
        let body = format!(
            r#"{{"access_token":"T{number}","token_type":"Bearer","expires_in":{life},"refresh_token":"R{number}"}}"#
        );
        let answer = Response::builder().header(CONTENT_TYPE, "application/json");
        Ok(answer.body(body.into()).expect("the header is valid"))
    }
}
