//! Requests and answers with the field names that the deployment writes.

use std::time::Duration;

use token_core::json::Document;
use token_core::{Answer, Carriage, Error, ErrorKind, Request, Secret, Step, Token};

use crate::codes::refuses_the_client;
use crate::config::Config;

/// "The validity time of access_token is 3600, the unit is s".
const DOCUMENTED_LIFE: Duration = Duration::from_secs(3600);

/// `POST /api/token.do`, which burns the code whatever it answers.
pub(crate) fn redemption(config: &Config, code: &Secret, redirect_uri: &str) -> Result<Request, Error> {
    if code.is_empty() {
        return Err(Error::new(ErrorKind::Config, "the code is empty"));
    }
    let names = &config.dialect.parameters;
    Request::post(&config.base, &config.dialect.paths.token)
        .basic(&config.client_id, &config.client_secret)
        .query(&names.grant_type, "authorization_code")
        .query_secret(&names.code, code)
        .query(&names.redirect_uri, redirect_uri)
        .build(Step::Redemption)
}

/// `POST /api/refreshToken.do`.
pub(crate) fn refresh(config: &Config, token: &Token) -> Result<Request, Error> {
    let no_refresh_token = || Error::new(ErrorKind::Rejected, "there is no refresh token");
    let refresh = token.refresh().ok_or_else(no_refresh_token)?;
    let names = &config.dialect.parameters;
    let request = Request::post(&config.base, &config.dialect.paths.refresh)
        .basic(&config.client_id, &config.client_secret)
        .query(&names.grant_type, "refresh_token")
        .query_secret(&names.refresh_token, refresh)
        .build(Step::Refresh)?;
    Ok(request.remembering([token.access()]))
}

/// The body as JSON. What is none says nothing, except a challenge that names Basic.
pub(crate) fn document(answer: &Answer<'_>) -> Result<Document, Error> {
    answer
        .document()
        .map_err(|error| match refuses_the_client(answer) {
            true => error.as_kind(ErrorKind::Config),
            false => error,
        })
}

/// The vendor's refusal, where the answer is one.
pub(crate) fn refusal(config: &Config, answer: &Answer<'_>, document: &Document) -> Option<Error> {
    let (codes, fields) = (&config.dialect.codes, &config.dialect.fields);
    let said = |names: &[String]| {
        let code = document.code(&refs(names))?;
        Some(code).filter(|code| !code.trim().is_empty() && code != "false" && !codes.is_success(code))
    };
    let status = Some(answer.status()).filter(|status| !status.is_success());
    let code = said(&fields.error)
        .or_else(|| said(&fields.code))
        .or_else(|| status.map(|status| status.as_str().to_owned()))?;
    Some(answer.refused(codes.kind(&code, answer), &code, message(config, document)))
}

/// The token of an answer that is no refusal.
pub(crate) fn token(config: &Config, answer: &Answer<'_>, document: &Document) -> Result<Token, Error> {
    let fields = &config.dialect.fields;
    let secret = |names: &[String]| {
        let text = document.text(&refs(names))?;
        Some(Secret::from(text)).filter(|secret| !secret.is_empty())
    };
    let access = secret(&fields.access_token).ok_or_else(|| no_token(config, answer, document))?;
    let expires_at = answer
        .expires_in(document, &refs(&fields.expires_in))
        .or_else(|| answer.jwt_expiry(&access))
        .unwrap_or_else(|| Ok(answer.asked_at().after(DOCUMENTED_LIFE)))?;
    Token::builder(access, answer.validity_until(expires_at))
        .carried(Carriage::Bearer)
        .refresh(secret(&fields.refresh_token))
        .build()
}

fn no_token(config: &Config, answer: &Answer<'_>, document: &Document) -> Error {
    answer
        .error(ErrorKind::Protocol, "the answer has no access token")
        .with_message(message(config, document), &answer.request().scrubber())
}

fn message<'a>(config: &Config, document: &'a Document) -> &'a str {
    document
        .text(&refs(&config.dialect.fields.message))
        .unwrap_or_default()
}

fn refs(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
