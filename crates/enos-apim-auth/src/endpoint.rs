//! EnOS API Management as a token endpoint.

use std::time::Duration;

use token_core::reexports::http::header::CONTENT_TYPE;
use token_core::reexports::http::request::Parts;
use token_core::reexports::http::{HeaderMap, HeaderValue};
use token_core::{
    Answer, Attempt, Error, ErrorKind, Outcome, Request, Rotation, Secret, Step, Token,
    TokenEndpoint, TokenKey,
};

use crate::codes::{Verdict, verdict};
use crate::config::EnosApim;
use crate::sign::request_signature;
use crate::wire::{self, Reply};

/// How far our clock must have been off for a refused digest to be blamed on it. The service's own
/// tolerance is not documented; a smaller bound costs one more request with a wrong secret, a
/// larger one a token.
const SKEW_THAT_MATTERS: Duration = Duration::from_secs(60);

impl TokenEndpoint for EnosApim {
    fn key(&self) -> TokenKey {
        TokenKey::of("enos-apim", &self.base.deployment(), &self.app_key)
    }

    /// Nothing is spent that a get would not bring back: one app key has one token, and get answers
    /// with the living one.
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

    fn read(&self, answer: &Answer<'_>) -> Result<Outcome, Error> {
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

    /// Puts `apim-accesstoken`, `apim-timestamp` and `apim-signature` on the request; on one with a
    /// `multipart/…` content type only `apim-accesstoken`, as the vendor's own samples for uploads
    /// do. `body` must be what is sent, byte for byte.
    fn authorize(
        &self,
        token: &Token,
        request: &mut Parts,
        body: &[u8],
        attempt: &Attempt,
    ) -> Result<(), Error> {
        // Everything that may fail comes first, so that a failure leaves the request as it was.
        let access = header(token.access().expose())?;
        let query = request.uri.query().unwrap_or_default();
        let signature = Secret::from(request_signature(
            token.access(),
            query,
            body,
            attempt.now(),
            &self.app_secret,
        ));
        let signature = header(signature.expose())?;
        let headers = &mut request.headers;
        headers.insert(wire::ACCESS_TOKEN, access);
        headers.remove(wire::TIMESTAMP);
        headers.remove(wire::SIGNATURE);
        if is_multipart(headers) {
            return Ok(());
        }
        headers.insert(wire::TIMESTAMP, attempt.now().unix_millis().into());
        headers.insert(wire::SIGNATURE, signature);
        Ok(())
    }
}

/// Whether the server's clock, as this answer shows it, is far from the timestamp that the request
/// was signed with. The next attempt is corrected by that clock, so a second refusal is not blamed
/// on ours again.
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
            "the token has a character that no header may have",
        )
    };
    let mut value = HeaderValue::from_str(text).map_err(unfit)?;
    value.set_sensitive(true);
    Ok(value)
}
