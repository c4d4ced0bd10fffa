//! What is served under which path.

mod names;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use vendor_auth::Token;

use self::names::Names;
use super::answer::Refusal;
use super::guard::{self, Guard};
use super::kept::Kept;
use super::page;
use super::served::{Served, Source};
use crate::grant;
use crate::output::token_type;

/// The largest body: a token.
const MAX_BODY: usize = 64 * 1024;

type Shared = State<Arc<Served>>;

/// Returns the routes, behind the guard of an address.
pub(super) fn router(served: Arc<Served>, guard: Guard) -> Router {
    let tokens = Router::new()
        .route("/token/{name}", get(token))
        .route("/token/{name}/refused", post(refused).get(token_of_refused))
        .route("/token/{name}/{account}", get(token_of_account))
        .route("/token/{name}/{account}/refused", post(refused_of_account))
        .route("/auth/{name}", get(auth))
        .route("/auth/{name}/{account}", get(auth_of_account))
        .route_layer(middleware::from_fn_with_state(
            guard.clone(),
            guard::for_tokens,
        ));
    Router::new()
        .route("/", get(status_page))
        .route("/style.css", get(page::style))
        .route("/healthz", get(|| async { "ok\n" }))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .merge(tokens)
        .fallback(nothing)
        .layer(DefaultBodyLimit::max(MAX_BODY))
        .layer(middleware::from_fn_with_state(guard, guard::everywhere))
        .with_state(served)
}

/// What a client may ask for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wishes {
    min_ttl: Option<u64>,
}

type Asked = Result<Query<Wishes>, QueryRejection>;
type Body = Result<Bytes, BytesRejection>;

fn min_ttl(asked: Asked) -> Result<Option<Duration>, Refusal> {
    match asked {
        Ok(Query(wishes)) => Ok(wishes.min_ttl.map(Duration::from_secs)),
        Err(_) => Err(Refusal::new(
            StatusCode::BAD_REQUEST,
            "query",
            "the query is not understood; write ?min_ttl=SECONDS",
        )),
    }
}

async fn token(
    State(served): Shared,
    Names(name): Names<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    token_of(&served.profile(&name)?, asked).await
}

async fn token_of_account(
    State(served): Shared,
    Names((name, account)): Names<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    token_of(&served.account(&name, &account)?, asked).await
}

/// The path is that of a route too.
async fn token_of_refused(
    State(served): Shared,
    Names(name): Names<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    token_of(&served.account(&name, "refused")?, asked).await
}

async fn token_of(source: &Source<'_>, asked: Asked) -> Result<Response, Refusal> {
    let token = source.token(min_ttl(asked)?).await?;
    Ok(as_json(&token))
}

async fn refused(
    State(served): Shared,
    Names(name): Names<String>,
    body: Body,
) -> Result<Response, Refusal> {
    replace(&served.profile(&name)?, body).await
}

async fn refused_of_account(
    State(served): Shared,
    Names((name, account)): Names<(String, String)>,
    body: Body,
) -> Result<Response, Refusal> {
    replace(&served.account(&name, &account)?, body).await
}

/// Takes the text of a token that an API refused, and answers with another one.
async fn replace(source: &Source<'_>, body: Body) -> Result<Response, Refusal> {
    let body = body.map_err(|error| {
        Refusal::new(
            error.status(),
            "body",
            "the body is too long, or was cut off",
        )
    })?;
    let text = std::str::from_utf8(&body).unwrap_or_default().trim();
    if text.is_empty() {
        let why = "send the token that the API refused as body";
        return Err(Refusal::new(StatusCode::BAD_REQUEST, "body", why));
    }
    Ok(as_json(&*source.other_than(text).await?))
}

async fn auth(
    State(served): Shared,
    Names(name): Names<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    headers_of(&served.profile(&name)?, asked).await
}

async fn auth_of_account(
    State(served): Shared,
    Names((name, account)): Names<(String, String)>,
    asked: Asked,
) -> Result<Response, Refusal> {
    headers_of(&served.account(&name, &account)?, asked).await
}

/// Answers nginx's `auth_request`: 204 with the headers that the API wants.
async fn headers_of(source: &Source<'_>, asked: Asked) -> Result<Response, Refusal> {
    let token = source.token(min_ttl(asked)?).await?;
    let headers = token.headers();
    match headers.is_empty() {
        true => Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "no_header",
            format!("{}: the vendor takes the token in no header", source.name()),
        )),
        false => Ok((StatusCode::NO_CONTENT, headers).into_response()),
    }
}

fn as_json(token: &Token) -> Response {
    let left = token.validity().ends();
    let left = left.map(|end| end.since(grant::now()).as_secs());
    let object = json!({
        "access_token": token.access().expose(),
        "expires_in": left,
        "token_type": token_type(token.placement()),
    });
    ([(CONTENT_TYPE, "application/json")], format!("{object}\n")).into_response()
}

async fn status_page(State(served): Shared) -> Response {
    page::show(served.profiles(), served.pools(), grant::now())
}

/// Answers 200 if each profile has a valid token, and names those that have none. A pool is one
/// line, and makes nothing unready: one account says nothing about the others.
async fn ready(State(served): Shared) -> (StatusCode, String) {
    let lives = served.profiles().map(Kept::life);
    let others: Vec<_> = lives.filter(|life| !life.state.is_usable()).collect();
    let line = |life: &crate::life::Life| format!("{}: {}\n", life.name, life.text());
    let (status, mut text) = match others.is_empty() {
        true => (StatusCode::OK, "ok\n".to_owned()),
        false => (
            StatusCode::SERVICE_UNAVAILABLE,
            others.iter().map(line).collect(),
        ),
    };
    served.pools().for_each(|pool| text.push_str(&pool.lines()));
    (status, text)
}

async fn metrics(State(served): Shared) -> impl IntoResponse {
    let text = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    (text, served.metrics())
}

async fn nothing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "path", "nothing is served here")
}
