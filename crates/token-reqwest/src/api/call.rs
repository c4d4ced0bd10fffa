//! One API request, sent once or twice. What sends it is up to the caller.

use http::Uri;
use http::header::CONTENT_LENGTH;
use http::request::Parts;
use reqwest::{Body, Request, Response, Url};
use token_cache::{Answered, ApiCall, TokenCache};
use token_core::{ApiResponse, Error};

use super::hand_on::Received;
use super::kept::{Kept, url_of};

/// A request with the token, before and after it is sent.
pub(crate) struct Call<'a> {
    call: ApiCall<'a>,
    /// The request as the program made it, until it is sent.
    original: Option<Request>,
    kept: Kept,
    /// The URL with the token or a signature in it, if it has one.
    secret_url: Option<Url>,
    is_body_replaced: bool,
}

/// What to do with an answer.
pub(crate) enum Judged {
    Final(Response),
    SendAgain,
}

impl<'a> Call<'a> {
    pub(crate) fn new(tokens: &'a TokenCache, request: Request) -> Result<Self, Error> {
        let mut request = request;
        let kept = Kept::of(&mut request)?;
        Ok(Self {
            call: tokens.api_call(),
            original: Some(request),
            kept,
            secret_url: None,
            is_body_replaced: false,
        })
    }

    /// Returns the request to be sent, with the token.
    pub(crate) async fn authorized(&mut self) -> Result<Request, Error> {
        let mut request = match self.original.take() {
            Some(original) => original,
            None => self.kept.to_request()?,
        };
        let mut parts = parts_of(&mut request, &self.kept.uri);
        let mut body = self.kept.body();
        self.call.authorize(&mut parts, &mut body).await?;
        let replaced = body.into_replaced();
        self.is_body_replaced = replaced.is_some();
        self.secret_url = match parts.uri == self.kept.uri {
            true => None,
            false => Some(url_of(&parts.uri)?),
        };
        if let Some(url) = &self.secret_url {
            *request.url_mut() = url.clone();
        }
        if let Some(bytes) = replaced {
            parts.headers.remove(CONTENT_LENGTH);
            *request.body_mut() = Some(Body::from(bytes));
        }
        *request.headers_mut() = parts.headers;
        Ok(request)
    }

    /// Judges the answer, and reads as much of its body as the endpoint needs for that.
    pub(crate) async fn judge(&mut self, response: Response) -> Result<Judged, ExecuteError> {
        if !self.is_about_the_token(response.url()) {
            return Ok(Judged::Final(self.without_secrets(response)?.hand_on()));
        }
        let needs = self.call.needs_body(response.status(), response.headers());
        if needs.is_none() && self.secret_url.is_none() {
            let answer = ApiResponse::new(response.status(), response.headers(), None);
            return Ok(match self.call.judge(&answer, self.kept.is_whole())? {
                Answered::Final => Judged::Final(response),
                Answered::SendAgain => Judged::SendAgain,
            });
        }
        self.judge_received(self.without_secrets(response)?, needs)
            .await
    }

    async fn judge_received(
        &mut self,
        mut received: Received,
        needs: Option<usize>,
    ) -> Result<Judged, ExecuteError> {
        let body = match needs {
            Some(limit) => {
                let reading = self.call.read_in_time(received.body_within(limit));
                reading.await.transpose()?.flatten()
            }
            None => None,
        };
        let (status, headers) = (received.head.status, &received.head.headers);
        let answer = ApiResponse::new(status, headers, body.as_deref());
        Ok(match self.call.judge(&answer, self.kept.is_whole())? {
            Answered::Final => Judged::Final(received.hand_on()),
            Answered::SendAgain => Judged::SendAgain,
        })
    }

    fn without_secrets(&self, response: Response) -> Result<Received, Error> {
        let Some(secret) = &self.secret_url else {
            return Ok(Received::new(response));
        };
        let shown = match secret == response.url() {
            true => url_of(&self.kept.uri)?,
            false => without_query(response.url()),
        };
        Ok(Received::new(response).at(shown))
    }

    /// Whether an answer from this URL says something about the token. After a redirect it does so
    /// only if the token went along; and sending the request again must not carry out twice what
    /// was carried out before the redirect.
    fn is_about_the_token(&self, url: &Url) -> bool {
        let sent_here = match &self.secret_url {
            Some(secret) => secret == url,
            None => {
                is_at(url, &self.kept.uri)
                    && url.path() == self.kept.uri.path()
                    && url.query() == self.kept.uri.query()
            }
        };
        let went_along = self.secret_url.is_none() && !self.is_body_replaced;
        sent_here || went_along && self.kept.is_safe() && is_at(url, &self.kept.uri)
    }
}

/// Why an API request with the token has no answer.
#[non_exhaustive]
#[derive(Debug, thiserror::Error)]
pub enum ExecuteError {
    /// There is no usable token, or the API refused it.
    #[error(transparent)]
    Token(#[from] Error),
    /// reqwest failed to send the request or to read the answer. The URL is removed, since it may
    /// contain the token.
    #[error(transparent)]
    Transport(reqwest::Error),
}

impl From<reqwest::Error> for ExecuteError {
    fn from(error: reqwest::Error) -> Self {
        Self::Transport(error.without_url())
    }
}

/// What a redirect may have taken along is not shown.
fn without_query(url: &Url) -> Url {
    let mut shown = url.clone();
    shown.set_query(None);
    shown.set_fragment(None);
    shown
}

fn is_at(url: &Url, uri: &Uri) -> bool {
    uri.scheme_str() == Some(url.scheme())
        && uri
            .authority()
            .is_some_and(|it| it.as_str() == url.authority())
}

/// Takes the headers out of the request, for as long as it is being authorized.
fn parts_of(request: &mut Request, uri: &Uri) -> Parts {
    let mut parts = http::Request::new(()).into_parts().0;
    parts.method = request.method().clone();
    parts.uri = uri.clone();
    parts.version = request.version();
    parts.headers = std::mem::take(request.headers_mut());
    parts
}
