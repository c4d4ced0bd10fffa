use std::time::Duration;

use token_core::json::Document;
use token_core::reexports::http::Method;
use token_core::reexports::http::header::AUTHORIZATION;
use token_core::{
    Answer, Error, ErrorKind, Outcome, Request, RequestBuilder, Secret, Step, Timestamp, Token,
    TokenBuilder, TokenPlacement,
};

use super::codes;
use super::config::{EndUser, Parameters};

const REFRESH: &str = "/v2/enduser/enduserapi/refreshToken";
const LOGOUT: &str = "/v2/enduser/enduserapi/userLogout";

/// The lifetime if the answer states none: "The token's validity period is reset to 2 hours".
const DEFAULT_LIFE: Duration = Duration::from_secs(2 * 3600);

pub(super) fn refresh(endpoint: &EndUser, token: &Token) -> Result<Request, Error> {
    let missing = || Error::new(ErrorKind::Rejected, "there is no refresh token");
    let refresh = token.refresh().ok_or_else(missing)?;
    let request = headed(endpoint, Request::put(&endpoint.base, REFRESH)).remember(token.access());
    endpoint
        .parameters
        .secret(request, "refreshToken", refresh)
        .build(Step::Refresh)
}

pub(super) fn logout(endpoint: &EndUser, token: &Token) -> Result<Request, Error> {
    headed(
        endpoint,
        Request::method(Method::DELETE, &endpoint.base, LOGOUT),
    )
    .header_secret(AUTHORIZATION, token.access())
    .build(Step::Revocation)
}

pub(super) fn headed(endpoint: &EndUser, request: RequestBuilder) -> RequestBuilder {
    let headers = endpoint.headers.iter();
    headers.fold(request, |request, (name, value)| {
        request.header(name.clone(), value)
    })
}

impl Parameters {
    pub(super) fn plain(self, request: RequestBuilder, name: &str, value: &str) -> RequestBuilder {
        match self {
            Self::Query => request.query(name, value),
            Self::Form => request.form(name, value),
        }
    }

    pub(super) fn secret(
        self,
        request: RequestBuilder,
        name: &str,
        value: &Secret,
    ) -> RequestBuilder {
        self.plain(request.remember(value), name, value.expose())
    }
}

/// Reads the outcome of an answer. A new refresh token is kept even beside a refusal, since the one
/// that was sent may be spent.
pub(super) fn outcome(answer: &Answer<'_>, document: &Document) -> Result<Outcome, Error> {
    let refresh = document.secret(&["data.refreshToken.token"]);
    let lifetime = answer
        .lifetime()
        .instant(document, &["data.refreshToken.expirationTime"]);
    let token = match codes::refusal(answer, document) {
        Some(refusal) => Err(refusal),
        None => token(answer, document, refresh.clone(), lifetime.end()),
    };
    answer.outcome(token, refresh, lifetime.end())
}

/// Reads the two tokens of a successful answer. `expirationTime` and the token's own `exp` agree in
/// every sample; the earlier one counts.
fn token(
    answer: &Answer<'_>,
    document: &Document,
    refresh: Option<Secret>,
    refresh_expires_at: Option<Timestamp>,
) -> Result<Token, Error> {
    let access = document.secret(&["data.accessToken.token"]);
    let no_token = || answer.not_understood("the answer reports success but has no token");
    let access = access.ok_or_else(no_token)?;
    let lifetime = answer
        .lifetime()
        .instant(document, &["data.accessToken.expirationTime"])
        .jwt(&access);
    let renewal = answer.renewal(refresh.as_ref(), false);
    let token = Token::builder(access, lifetime.validity(renewal, DEFAULT_LIFE))
        .placement(TokenPlacement::Verbatim)
        .refresh(refresh)
        .refresh_expires_at(refresh_expires_at);
    let oddities = lifetime.oddity().into_iter().chain(document.oddity());
    oddities.fold(token, TokenBuilder::odd).build()
}
