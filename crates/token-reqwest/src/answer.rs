//! Reads an answer.

use std::pin::pin;

use bytes::Bytes;
use token_core::{SendError, SendFailure};
use token_hyper::parts::{Body, TimeLeft, TimedOut, check_headers, decompressed};

use crate::failure::cut_answer;

pub(crate) async fn whole_answer(
    response: &mut reqwest::Response,
    time: &mut TimeLeft,
) -> Result<http::Response<Bytes>, SendError> {
    check_headers(response.status(), response.headers())?;
    let mut body = Body::announced(response.content_length())?;
    while let Some(piece) = next_chunk(response, time).await? {
        body.add(piece)?;
    }
    let mut answer = http::Response::new(body.into_bytes());
    *answer.status_mut() = response.status();
    *answer.version_mut() = response.version();
    *answer.headers_mut() = std::mem::take(response.headers_mut());
    decompressed(answer)
}

async fn next_chunk(
    response: &mut reqwest::Response,
    time: &mut TimeLeft,
) -> Result<Option<Bytes>, SendError> {
    match time.part(pin!(response.chunk())).await {
        Ok(chunk) => chunk.map_err(|error| cut_answer(&error)),
        Err(TimedOut) => Err(SendError::maybe_sent(SendFailure::Timeout)),
    }
}
