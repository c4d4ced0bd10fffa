//! The middleware: puts the token on a request, and sends it again if the API refused the token.

use http::header::AUTHORIZATION;
use http::request::Parts;
use http::{HeaderMap, Request, Response, StatusCode, Uri};
use token_cache::{Answered, BlockingApiCall, BlockingTokenCache, WithoutToken};
use token_core::{ApiBody, ApiResponse};
use ureq::middleware::{Middleware, MiddlewareNext};
use ureq::{Agent, Body, Error, SendBody};

use crate::answer::peek;
use crate::body::KeptBody;
use crate::settings::{StatusAs, for_the_token};

/// Sends by an agent of its own, because ureq lets a middleware send only once.
pub(crate) struct Authorize {
    tokens: BlockingTokenCache,
    sender: Agent,
}

impl Authorize {
    pub(crate) fn new(tokens: BlockingTokenCache, sender: Agent) -> Self {
        Self { tokens, sender }
    }

    /// Sends the request once or twice.
    fn send(&self, original: &Parts, mut body: KeptBody<'_>) -> Result<Response<Body>, Error> {
        let mut call = self.tokens.api_call();
        loop {
            let answer = self.send_once(original, &mut body, &mut call);
            let answer = answer.map_err(|error| without_token(error, &original.uri));
            let (answered, answer) = judge(&mut call, answer, body.whole().is_some())?;
            if answered == Answered::Final {
                return answer;
            }
        }
    }

    fn send_once(
        &self,
        original: &Parts,
        body: &mut KeptBody<'_>,
        call: &mut BlockingApiCall<'_>,
    ) -> Result<Response<Body>, Error> {
        let mut parts = original.clone();
        let mut seen = body.whole().map_or_else(ApiBody::streamed, ApiBody::of);
        call.authorize(&mut parts, &mut seen).map_err(of_token)?;
        match seen.into_replaced() {
            Some(replaced) => self.sender.run(Request::from_parts(parts, &replaced[..])),
            None => body.send(parts, &self.sender),
        }
    }
}

impl Middleware for Authorize {
    fn handle(
        &self,
        request: Request<SendBody<'_>>,
        _next: MiddlewareNext<'_>,
    ) -> Result<Response<Body>, Error> {
        let (parts, body) = request.into_parts();
        if is_left_alone(&parts) {
            return self.sender.run(Request::from_parts(parts, body));
        }
        let (parts, status_as) = for_the_token(parts, self.sender.config())?;
        let answer = self.send(&parts, KeptBody::read(body)?)?;
        let status = answer.status();
        match status_as {
            StatusAs::Error if status.is_client_error() || status.is_server_error() => {
                Err(Error::StatusCode(status.as_u16()))
            }
            _ => Ok(answer),
        }
    }
}

/// The cache leaves such a request alone. Here it also keeps its body and its redirects.
fn is_left_alone(request: &Parts) -> bool {
    request.headers.contains_key(AUTHORIZATION)
        || request.extensions.get::<WithoutToken>().is_some()
}

type Answer = Result<Response<Body>, Error>;

fn judge(
    call: &mut BlockingApiCall<'_>,
    answer: Answer,
    has_copy: bool,
) -> Result<(Answered, Answer), Error> {
    let response = match answer {
        Ok(response) => response,
        Err(Error::StatusCode(code)) => return judge_status(call, code, has_copy),
        failed => return Ok((Answered::Final, failed)),
    };
    let (status, headers) = (response.status(), response.headers());
    let (response, body) = match call.needs_body(status, headers) {
        Some(limit) => peek(response, limit)?,
        None => (response, None),
    };
    let seen = ApiResponse::new(status, response.headers(), body.as_deref());
    let answered = call.judge(&seen, has_copy).map_err(of_token)?;
    Ok((answered, Ok(response)))
}

/// Judges an answer of which ureq has dropped all but the status.
fn judge_status(
    call: &mut BlockingApiCall<'_>,
    code: u16,
    has_copy: bool,
) -> Result<(Answered, Answer), Error> {
    let headers = HeaderMap::new();
    let answered = match StatusCode::from_u16(code) {
        Ok(status) => call
            .judge(&ApiResponse::new(status, &headers, None), has_copy)
            .map_err(of_token)?,
        Err(_) => Answered::Final,
    };
    Ok((answered, Err(Error::StatusCode(code))))
}

/// ureq shows the URL in the errors about it, and the token may be in that.
fn without_token(error: Error, original: &Uri) -> Error {
    match error {
        Error::RequireHttpsOnly(_) => Error::RequireHttpsOnly(original.to_string()),
        Error::BadUri(_) => Error::BadUri(original.to_string()),
        error => error,
    }
}

fn of_token(error: token_core::Error) -> Error {
    Error::Other(Box::new(error))
}
