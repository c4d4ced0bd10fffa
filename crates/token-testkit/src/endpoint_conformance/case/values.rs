//! Reads the values of a case: attempt, token, answer, API request.

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::super::fields::Fields;
use crate::exchange::attempt;
use token_core::{Attempt, Secret, Timestamp, Token, TokenPlacement, Validity};

pub(super) fn attempt_of(nonce_hex: Option<String>, now: Timestamp) -> Result<Attempt, String> {
    let Some(hex) = nonce_hex else {
        return Ok(attempt(now, 0));
    };
    let drawn = Some(&hex)
        .filter(|hex| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let drawn = drawn.and_then(|hex| u128::from_str_radix(hex, 16).ok());
    let drawn = drawn.ok_or("`nonce_hex` must be 32 hex digits")?;
    Ok(Attempt::new(now, drawn.to_be_bytes()))
}

pub(super) fn token_of(mut fields: Fields, now: Timestamp) -> Result<Token, String> {
    let access = fields.text("access")?.map(Secret::from);
    let refresh = fields.text("refresh")?.map(Secret::from);
    let life = fields.seconds("expires_in_seconds")?.unwrap_or(3_600_000);
    let extras = fields.named_texts("extras")?;
    let placement = placement_of(fields.text("placement")?)?;
    fields.finish()?;
    let validity = match access {
        Some(_) => Validity::new(now, now.shifted(life)),
        None => Validity::expired(),
    };
    let builder = Token::builder(access.unwrap_or_else(|| Secret::from("unknown")), validity)
        .refresh(refresh)
        .placement(placement);
    let with_extras = extras.into_iter().fold(builder, |builder, (name, value)| {
        builder.extra(name, Secret::from(value))
    });
    with_extras
        .build()
        .map_err(|error| format!("`token` is invalid: {error}"))
}

fn placement_of(text: Option<String>) -> Result<TokenPlacement, String> {
    let Some(text) = text else {
        return Ok(TokenPlacement::Bearer);
    };
    let unknown = "`token.placement` must be `verbatim`, `header: …`, `query: …` or `form: …`";
    match text.split_once(": ") {
        None if text == "verbatim" => Ok(TokenPlacement::Verbatim),
        Some(("header", name)) => {
            let name = HeaderName::try_from(name).map_err(|_| unknown)?;
            Ok(TokenPlacement::Header(name))
        }
        Some(("query", name)) => Ok(TokenPlacement::Query(name.to_owned())),
        Some(("form", name)) => Ok(TokenPlacement::Form(name.to_owned())),
        _ => Err(unknown.into()),
    }
}

pub(super) fn answer_of(mut fields: Fields) -> Result<http::Response<Bytes>, String> {
    let status = fields.whole("status")?.unwrap_or(200);
    let headers = fields.named_texts("headers")?;
    let body = fields.text("body")?.unwrap_or_default();
    fields.finish()?;
    let mut response = http::Response::new(Bytes::from(body));
    let status = u16::try_from(status)
        .ok()
        .and_then(|status| http::StatusCode::from_u16(status).ok());
    *response.status_mut() = status.ok_or("`answer.status` must be an HTTP status")?;
    append(response.headers_mut(), headers, "answer")?;
    Ok(response)
}

/// Reads the API request that is to be authorized.
pub(super) fn api_request_of(mut fields: Fields) -> Result<http::Request<Bytes>, String> {
    let mut request = http::Request::new(Bytes::from(fields.text("body")?.unwrap_or_default()));
    let method = fields.text("method")?.unwrap_or_else(|| "GET".into());
    *request.method_mut() = method
        .parse()
        .map_err(|_| "`api.method` must be an HTTP method")?;
    *request.uri_mut() = fields
        .required_text("url")?
        .parse()
        .map_err(|_| "`api.url` must be a URL")?;
    let headers = fields.named_texts("headers")?;
    fields.finish()?;
    append(request.headers_mut(), headers, "api")?;
    Ok(request)
}

fn append(
    map: &mut http::HeaderMap,
    headers: Vec<(String, String)>,
    place: &str,
) -> Result<(), String> {
    for (name, value) in headers {
        let unfit = |_| format!("`{place}.headers.{name}` is not a valid header");
        let (key, value) = (
            HeaderName::try_from(&name).map_err(|error| unfit(error.to_string()))?,
            HeaderValue::try_from(&value).map_err(|error| unfit(error.to_string()))?,
        );
        map.append(key, value);
    }
    Ok(())
}
