//! Requests and answers with the field names that the deployment writes.

use std::time::Duration;

use token_core::json::Document;
use token_core::{
    Answer, Error, ErrorKind, Outcome, Request, Secret, Step, Token, TokenBuilder, TokenPlacement,
};

use crate::codes::refuses_the_client;
use crate::config::PrivateCloud;
use crate::dialect::refs;

/// "The validity time of access_token is 3600, the unit is s".
const DOCUMENTED_LIFE: Duration = Duration::from_secs(3600);

/// Builds `POST /api/token.do`, which burns the code whatever the answer.
pub(crate) fn redemption(
    cloud: &PrivateCloud,
    code: &Secret,
    redirect_uri: &str,
) -> Result<Request, Error> {
    if code.is_empty() {
        return Err(Error::new(ErrorKind::Config, "the code is empty"));
    }
    let dialect = &cloud.dialect;
    Request::post(&cloud.base, &dialect.paths.token)
        .basic(&cloud.client_id, &cloud.client_secret)
        .query(dialect.parameter("grant_type"), "authorization_code")
        .query_secret(dialect.parameter("code"), code)
        .query(dialect.parameter("redirect_uri"), redirect_uri)
        .build(Step::Redemption)
}

/// Builds `POST /api/refreshToken.do`.
pub(crate) fn refresh(cloud: &PrivateCloud, token: &Token) -> Result<Request, Error> {
    let no_refresh_token = || Error::new(ErrorKind::Rejected, "there is no refresh token");
    let refresh = token.refresh().ok_or_else(no_refresh_token)?;
    let dialect = &cloud.dialect;
    let request = Request::post(&cloud.base, &dialect.paths.refresh)
        .basic(&cloud.client_id, &cloud.client_secret)
        .query(dialect.parameter("grant_type"), "refresh_token")
        .query_secret(dialect.parameter("refresh_token"), refresh)
        .build(Step::Refresh)?;
    Ok(request.remembering([token.access()]))
}

/// Reads the body as JSON. If it is not JSON, only a challenge for Basic means something.
pub(crate) fn document(answer: &Answer<'_>) -> Result<Document, Error> {
    answer
        .document()
        .map_err(|error| match refuses_the_client(answer) {
            true => error.as_kind(ErrorKind::Config),
            false => error,
        })
}

/// Reads the outcome of an answer. A new refresh token is kept even beside a refusal, since the one
/// that was sent may be spent.
pub(crate) fn outcome(
    cloud: &PrivateCloud,
    answer: &Answer<'_>,
    document: &Document,
) -> Result<Outcome, Error> {
    let refresh = document.secret(&refs(&cloud.dialect.fields.refresh_token));
    let token = match refusal(cloud, answer, document) {
        Some(refusal) => Err(refusal),
        None => token(cloud, answer, document, refresh.clone()),
    };
    answer.outcome(token, refresh, None)
}

/// Returns the vendor's refusal, if the answer is one.
fn refusal(cloud: &PrivateCloud, answer: &Answer<'_>, document: &Document) -> Option<Error> {
    let (dialect, message) = (&cloud.dialect, message(cloud, document));
    if let Some(code) = dialect.refusal(document) {
        return Some(answer.refused(dialect.codes.kind(&code, answer), &code, message));
    }
    let status = Some(answer.status()).filter(|status| !status.is_success())?;
    let kind = dialect.codes.kind(status.as_str(), answer);
    Some(answer.refused_in_another_format(kind, status.as_str(), message))
}

/// Reads the token of an answer that is not a refusal.
fn token(
    cloud: &PrivateCloud,
    answer: &Answer<'_>,
    document: &Document,
    refresh: Option<Secret>,
) -> Result<Token, Error> {
    let fields = &cloud.dialect.fields;
    let access = document.secret(&refs(&fields.access_token));
    let access = access.ok_or_else(|| no_token(cloud, answer, document))?;
    let lifetime = answer
        .lifetime()
        .seconds(document, &refs(&fields.expires_in))
        .jwt(&access);
    let renewal = answer.renewal(refresh.as_ref(), false);
    let token = Token::builder(access, lifetime.validity(renewal, DOCUMENTED_LIFE))
        .placement(TokenPlacement::Bearer)
        .refresh(refresh);
    let oddities = lifetime.oddity().into_iter().chain(document.oddity());
    oddities.fold(token, TokenBuilder::odd).build()
}

fn no_token(cloud: &PrivateCloud, answer: &Answer<'_>, document: &Document) -> Error {
    answer
        .not_understood("the answer has no access token")
        .with_message(message(cloud, document), &answer.scrubber())
}

fn message<'a>(cloud: &PrivateCloud, document: &'a Document) -> &'a str {
    document
        .text(&refs(&cloud.dialect.fields.message))
        .unwrap_or_default()
}
