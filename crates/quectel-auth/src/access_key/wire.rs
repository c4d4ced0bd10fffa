use std::time::Duration;

use token_core::json::Document;
use token_core::types::http::header::CONTENT_TYPE;
use token_core::{
    Answer, Attempt, Carriage, Error, ErrorKind, Request, RequestBuilder, Secret, Step, Timestamp, Token,
    Validity, jwt,
};

use super::config::Config;
use super::sign::credentials;

const LOGIN: &str = "/v2/quecauth/accessKeyAuthrize/accessKeyLogin";
const REFRESH: &str = "/v2/quecauth/accessKeyAuthrize/refreshToken";

/// A token that was created or refreshed within this time is answered with itself.
const SAME_TOKEN_FOR: Duration = Duration::from_secs(30 * 60);
/// For an answer that tells no expiry at all: the shorter of the two lifetimes that the vendor's pages name.
const DEFAULT_LIFE: Duration = Duration::from_secs(2 * 3600);

pub(super) fn login(config: &Config, attempt: &Attempt) -> Result<Request, Error> {
    let signed = credentials(config, attempt.now());
    let request = get(config, LOGIN)
        .query("grant_type", "password")
        .query("username", &signed.username)
        .query_secret("password", &signed.password)
        .remember(&config.access_secret);
    let request = match &config.client_id {
        Some(client_id) => request.query("client_id", client_id),
        None => request,
    };
    scoped(config, request).build(Step::Login)
}

pub(super) fn refresh(config: &Config, token: &Token) -> Result<Request, Error> {
    let request = get(config, REFRESH)
        .query("grant_type", "refresh_token")
        .query_secret("refresh_token", token.access())
        .remember(&config.access_secret);
    scoped(config, request).build(Step::Refresh)
}

fn get(config: &Config, path: &str) -> RequestBuilder {
    Request::get(&config.base, path).header(CONTENT_TYPE, "application/json")
}

fn scoped(config: &Config, request: RequestBuilder) -> RequestBuilder {
    match config.scope.as_str() {
        "" => request,
        scope => request.query("scope", scope),
    }
}

/// The token of a successful answer: flat as the vendor documents it, or under `data` as one of its deployments has it.
pub(super) fn token(answer: &Answer<'_>, document: &Document) -> Result<Token, Error> {
    let text = document
        .text(&["access_token", "data.access_token"])
        .unwrap_or_default();
    if text.is_empty() {
        return Err(answer.error(ErrorKind::Protocol, "the vendor reports success without a token"));
    }
    let access = Secret::from(text);
    let validity = validity(answer, document, &access)?;
    Token::builder(access, validity)
        .carried(Carriage::Verbatim)
        .scopes(document.words(&["scope", "data.scope"]))
        .build()
}

fn validity(answer: &Answer<'_>, document: &Document, access: &Secret) -> Result<Validity, Error> {
    let expires_at = expires_at(answer, document, access)?;
    let created_at = created_at(answer, access);
    Ok(answer
        .validity_until(expires_at)
        .not_refreshed_before(created_at.after(SAME_TOKEN_FOR)))
}

/// The token's own `exp` comes first: a token that is answered anew is older than its `expires_in` says.
fn expires_at(answer: &Answer<'_>, document: &Document, access: &Secret) -> Result<Timestamp, Error> {
    const LIFETIMES: [&str; 4] = ["expires_in", "expire_in", "data.expires_in", "data.expire_in"];
    answer
        .jwt_expiry(access)
        .or_else(|| answer.expires_in(document, &LIFETIMES))
        .unwrap_or_else(|| Ok(answer.asked_at().after(DEFAULT_LIFE)))
}

fn created_at(answer: &Answer<'_>, access: &Secret) -> Timestamp {
    let issued_at = jwt::claims(access.expose()).and_then(|claims| claims.issued_at);
    let local = issued_at.map(|instant| answer.server_offset().local_time(instant));
    local.unwrap_or(answer.asked_at())
}
