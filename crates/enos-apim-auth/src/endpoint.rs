//! The token endpoint: requests out, answers in.

use std::time::Duration;

use token_core::reexports::http::header::CONTENT_TYPE;
use token_core::reexports::http::request::Parts;
use token_core::reexports::http::{HeaderMap, HeaderValue};
use token_core::{
    Answer, ApiBody, ApiOrigin, ApiResponse, ApiVerdict, Attempt, Error, ErrorKind, Outcome,
    Request, Rotation, Secret, Step, Token, TokenEndpoint, TokenKey,
};

use crate::codes::{Verdict, verdict};
use crate::config::EnosApim;
use crate::judge;
use crate::sign::request_signature;
use crate::wire::{self, Reply};

/// How far our clock must be off to explain a refused digest. The service's own tolerance is not
/// documented. A smaller limit costs one more request if the secret is wrong; a larger one can cost
/// a token.
const SKEW_THAT_MATTERS: Duration = Duration::from_secs(60);

impl TokenEndpoint for EnosApim {
    fn key(&self) -> TokenKey {
        TokenKey::of("enos-apim", &self.base.deployment(), &self.app_key)
    }

    /// Returns [`Rotation::Idempotent`]: an app key has one token, and a get returns it while it is
    /// live.
    fn rotation(&self) -> Rotation {
        Rotation::Idempotent
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        Some(wire::token_request(self, "get", attempt).build(Step::Login))
    }

    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error> {
        wire::token_request(self, "refresh", attempt)
            .json_secret("accessToken", token.refresh_credential())
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        let reply = Reply::of(answer)?;
        let refused = |kind| reply.refusal(answer, kind);
        match (
            verdict(reply.code, answer.request().step()),
            &reply.document,
        ) {
            (Verdict::Granted, Some(document)) => {
                wire::token(answer, document).map(Outcome::Issued)
            }
            (Verdict::Granted, None) => Err(refused(ErrorKind::Protocol)),
            (Verdict::Refused(kind), _) => Err(refused(kind)),
            (Verdict::SignAgain, _) => Ok(Outcome::Retry(refused(ErrorKind::Transient {
                after: None,
            }))),
            (Verdict::Mistrusted, _) if clock_was_off(answer) => {
                Ok(Outcome::Retry(refused(ErrorKind::Config)))
            }
            (Verdict::Mistrusted, _) => Err(refused(ErrorKind::Config)),
        }
    }

    /// Returns the origin of the base URL. Name others, such as that of the message integration,
    /// with `TokenCacheBuilder::api_url`.
    fn api_origins(&self) -> Vec<ApiOrigin> {
        vec![self.base.origin()]
    }

    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        judge::verdict(response)
    }

    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        response.refusal_limit()
    }

    /// Sets `apim-accesstoken`, `apim-timestamp` and `apim-signature`. With a `multipart/…` content
    /// type it sets `apim-accesstoken` only, as in the vendor's samples for uploads, so that the
    /// body may be a stream.
    fn authorize(
        &self,
        token: &Token,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
        attempt: &Attempt,
    ) -> Result<(), Error> {
        // Everything that may fail comes first, so that a failure leaves the request unchanged.
        let access = header(token.access().expose())?;
        let is_signed = !is_multipart(&request.headers);
        let signature = match is_signed {
            true => Some(self.signature(token, request, body.bytes()?, attempt)?),
            false => None,
        };
        let headers = &mut request.headers;
        headers.insert(wire::ACCESS_TOKEN, access);
        headers.remove(wire::TIMESTAMP);
        headers.remove(wire::SIGNATURE);
        let Some(signature) = signature else {
            return Ok(());
        };
        headers.insert(wire::TIMESTAMP, attempt.now().unix_millis().into());
        headers.insert(wire::SIGNATURE, signature);
        Ok(())
    }
}

impl EnosApim {
    fn signature(
        &self,
        token: &Token,
        request: &Parts,
        body: &[u8],
        attempt: &Attempt,
    ) -> Result<HeaderValue, Error> {
        let query = request.uri.query().unwrap_or_default();
        let (access, secret) = (token.access(), &self.app_secret);
        let signature = request_signature(access, query, body, attempt.now(), secret);
        header(Secret::from(signature).expose())
    }
}

/// Returns whether the server's clock, by this answer, is far from the timestamp that the request
/// was signed with. The next attempt uses the server's time, so a second refusal is not blamed on
/// our clock again.
fn clock_was_off(answer: &Answer<'_>) -> bool {
    let Some(signed_at) = wire::signed_at(answer.request()) else {
        return false;
    };
    let server_now = answer.server_offset().server_time(answer.asked_at());
    let skew = server_now.unix_millis().abs_diff(signed_at);
    Duration::from_millis(skew) > SKEW_THAT_MATTERS
}

fn is_multipart(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok());
    content_type.is_some_and(|text| {
        text.trim_start()
            .to_ascii_lowercase()
            .starts_with("multipart/")
    })
}

fn header(text: &str) -> Result<HeaderValue, Error> {
    let unfit = |_| {
        Error::new(
            ErrorKind::Protocol,
            "the token has a character that is not allowed in a header",
        )
    };
    let mut value = HeaderValue::from_str(text).map_err(unfit)?;
    value.set_sensitive(true);
    Ok(value)
}
