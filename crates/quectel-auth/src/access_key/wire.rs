use std::time::Duration;

use token_core::json::Document;
use token_core::reexports::http::header::CONTENT_TYPE;
use token_core::{
    Answer, Attempt, Error, ErrorKind, Request, RequestBuilder, Secret, Step, Timestamp, Token,
    TokenBuilder, TokenPlacement, jwt,
};

use super::config::AccessKey;
use crate::sign::access_key_credentials;

const LOGIN: &str = "/v2/quecauth/accessKeyAuthrize/accessKeyLogin";
const REFRESH: &str = "/v2/quecauth/accessKeyAuthrize/refreshToken";

/// The vendor returns a token unchanged if it was created or refreshed within this time.
const SAME_TOKEN_FOR: Duration = Duration::from_secs(30 * 60);
/// The lifetime if the answer states none: the shorter of the two that the vendor's pages name.
const DEFAULT_LIFE: Duration = Duration::from_secs(2 * 3600);
/// A repeated token is older than these fields say; its own `exp` is then the earlier end.
const LIFETIMES: [&str; 4] = [
    "expires_in",
    "expire_in",
    "data.expires_in",
    "data.expire_in",
];

pub(super) fn login(endpoint: &AccessKey, attempt: &Attempt) -> Result<Request, Error> {
    let signed =
        access_key_credentials(&endpoint.access_key, &endpoint.access_secret, attempt.now());
    let request = get(endpoint, LOGIN)
        .query("grant_type", "password")
        .query("username", &signed.username)
        .query_secret("password", &signed.password)
        .remember(&endpoint.access_secret);
    let request = match &endpoint.client_id {
        Some(client_id) => request.query("client_id", client_id),
        None => request,
    };
    scoped(endpoint, request).build(Step::Login)
}

pub(super) fn refresh(endpoint: &AccessKey, token: &Token) -> Result<Request, Error> {
    let request = get(endpoint, REFRESH)
        .query("grant_type", "refresh_token")
        .query_secret("refresh_token", token.access())
        .remember(&endpoint.access_secret);
    scoped(endpoint, request).build(Step::Refresh)
}

fn get(endpoint: &AccessKey, path: &str) -> RequestBuilder {
    Request::get(&endpoint.base, path).header(CONTENT_TYPE, "application/json")
}

fn scoped(endpoint: &AccessKey, request: RequestBuilder) -> RequestBuilder {
    match endpoint.scope.as_str() {
        "" => request,
        scope => request.query("scope", scope),
    }
}

/// Reads the token of a successful answer: flat as the vendor documents it, or under `data` as one
/// of its deployments returns it.
pub(super) fn token(answer: &Answer<'_>, document: &Document) -> Result<Token, Error> {
    let no_token = || {
        answer.error(
            ErrorKind::Protocol,
            "the answer reports success but has no token",
        )
    };
    let access = document
        .secret(&["access_token", "data.access_token"])
        .ok_or_else(no_token)?;
    let lifetime = answer.lifetime().jwt(&access).seconds(document, &LIFETIMES);
    let validity = lifetime
        .validity(answer.renewal(None, true), DEFAULT_LIFE)
        .not_refreshed_before(created_at(answer, &access).after(SAME_TOKEN_FOR));
    let token = Token::builder(access, validity)
        .placement(TokenPlacement::Verbatim)
        .scopes(document.words(&["scope", "data.scope"]));
    let oddities = lifetime.oddity().into_iter().chain(document.oddity());
    oddities.fold(token, TokenBuilder::odd).build()
}

fn created_at(answer: &Answer<'_>, access: &Secret) -> Timestamp {
    let issued_at = jwt::claims(access.expose()).and_then(|claims| claims.issued_at);
    let local = issued_at.map(|instant| answer.server_offset().local_time(instant));
    local.unwrap_or(answer.asked_at())
}
