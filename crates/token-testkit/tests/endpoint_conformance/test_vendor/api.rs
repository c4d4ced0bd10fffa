//! How API requests get the token, and what the answers of the API mean.

use token_core::reexports::Bytes;
use token_core::reexports::http::{self, header::CONTENT_LENGTH};

use super::*;

const LONGEST: usize = 65_536;

pub(super) fn authorize(
    acme: &Acme,
    token: &Token,
    request: &mut Parts,
    body: &mut ApiBody<'_>,
) -> Result<(), Error> {
    let is_text = std::str::from_utf8(body.bytes()?).is_ok();
    let length = request.headers.get(CONTENT_LENGTH).cloned();
    match (acme.flaw, token.header()) {
        (Flaw::LeavesHalfASignature, Some((name, value))) if !is_text => {
            request.headers.insert(name, value.clone());
            return Err(Error::new(ErrorKind::Config, "the body cannot be signed"));
        }
        (Flaw::LeavesABodyBehind, None) if !is_text => {
            body.replace(Bytes::from_static(b"acme_token="));
        }
        (Flaw::NothingOnRequests, _) => return Ok(()),
        (Flaw::TokenTwiceInTheQuery, None) => return added_once_more(token, request),
        (Flaw::KeepsTheOldToken, Some((name, value))) => {
            request.headers.entry(name).or_insert(value.clone());
            return Ok(());
        }
        (Flaw::NotSensitive, Some((name, value))) => {
            let plain = HeaderValue::from_bytes(value.as_bytes()).unwrap();
            request.headers.insert(name, plain);
            return Ok(());
        }
        (Flaw::ChangesThePath, _) => request.uri = "/v1/things?b=2&a=1".parse().unwrap(),
        (Flaw::LosesTheQuery, _) => request.uri = without_query(&request.uri),
        (Flaw::RewritesTheBody, _) if body.bytes()?.starts_with(b"{") => {
            body.replace(Bytes::from_static(b"{\"b\":2}"));
        }
        _ => {}
    }
    token.put_on(request, body)?;
    if let Some(length) = length.filter(|_| acme.has(Flaw::KeepsTheOldLength)) {
        request.headers.insert(CONTENT_LENGTH, length);
    }
    if let Some(refresh) = token.refresh() {
        leak(acme, refresh, request, body);
    }
    Ok(())
}

fn leak(acme: &Acme, refresh: &Secret, request: &mut Parts, body: &mut ApiBody<'_>) {
    match acme.flaw {
        Flaw::RefreshTokenOnRequests => {
            let mut value = HeaderValue::from_str(refresh.expose()).unwrap();
            value.set_sensitive(true);
            request
                .headers
                .insert(HeaderName::from_static("x-refresh"), value);
        }
        Flaw::RefreshTokenInTheForm => {
            let form = String::from_utf8_lossy(body.bytes().unwrap()).into_owned();
            body.replace(format!("{form}&refresh={}", refresh.expose()).into());
        }
        _ => {}
    }
}

fn added_once_more(token: &Token, request: &mut Parts) -> Result<(), Error> {
    let uri = format!("{}&acme_token={}", request.uri, token.access().expose());
    let failed = |_| Error::new(ErrorKind::Config, "no path");
    request.uri = uri.parse().map_err(failed)?;
    Ok(())
}

fn without_query(uri: &http::Uri) -> http::Uri {
    let text = uri.to_string();
    text.split('?').next().unwrap().parse().unwrap()
}

pub(super) fn judge(acme: &Acme, response: &ApiResponse<'_>) -> ApiVerdict {
    let body = response.body().unwrap_or_default();
    if acme.has(Flaw::JudgeIndexesTheBody) && response.body().is_some() {
        let _ = body[0];
    }
    if acme.has(Flaw::CountsVerdicts) && acme.counted() % 2 == 1 {
        return ApiVerdict::Other;
    }
    let has_code = String::from_utf8_lossy(body).contains("stale_token");
    if acme.has(Flaw::FindsTheCodeAnywhere) && has_code {
        return ApiVerdict::TokenRefused;
    }
    let document = response.document();
    match document
        .and_then(|document| document.code(&["error"]))
        .as_deref()
    {
        Some("stale_token") => ApiVerdict::TokenRefused,
        Some("no_right") => ApiVerdict::InsufficientScope,
        Some("slow_down") => ApiVerdict::Throttled {
            after: Some(Duration::from_secs(7)),
        },
        Some(_) if response.status().is_success() => ApiVerdict::Other,
        _ => response.bearer_verdict(),
    }
}

pub(super) fn judge_needs_body(acme: &Acme, response: &ApiResponse<'_>) -> Option<usize> {
    match acme.flaw {
        Flaw::JudgesAnUnaskedBody => None,
        Flaw::AsksForWholeFiles => Some(usize::MAX),
        _ => response.may_be_json_within(LONGEST).then_some(LONGEST),
    }
}
