//! What is served under which path.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::rejection::{BytesRejection, QueryRejection};
use axum::extract::{DefaultBodyLimit, Path, Query, State};
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::json;
use tokio::sync::watch;
use tokio::task::JoinSet;
use vendor_auth::Token;
use vendor_auth::cache::Drained;

use super::answer::Refusal;
use super::guard::{self, Guard};
use super::kept::Kept;
use super::metrics::Metrics;
use super::page;
use crate::grant;
use crate::output::token_type;

/// The largest body: a token.
const MAX_BODY: usize = 64 * 1024;

/// What all addresses serve.
pub(super) struct Served {
    profiles: BTreeMap<String, Arc<Kept>>,
    metrics: Metrics,
}

type Shared = State<Arc<Served>>;

impl Served {
    pub(super) fn new(kept: Vec<Kept>, metrics: Metrics) -> Self {
        let profiles = kept.into_iter();
        let profiles = profiles.map(|kept| (kept.name().to_owned(), Arc::new(kept)));
        Self {
            profiles: profiles.collect(),
            metrics,
        }
    }

    pub(super) fn profiles(&self) -> impl Iterator<Item = &Kept> {
        self.profiles.values().map(|kept| &**kept)
    }

    /// Starts what keeps the tokens fresh until the program ends.
    pub(super) fn keep(&self, stopped: &watch::Receiver<bool>) -> JoinSet<()> {
        let mut tasks = JoinSet::new();
        for kept in self.profiles.values() {
            let (kept, stopped) = (Arc::clone(kept), stopped.clone());
            tasks.spawn(async move { kept.keep(stopped).await });
        }
        tasks
    }

    /// Waits, at most this long, until no exchange is in flight and the store has each token.
    /// Returns the profiles of which that is not so.
    pub(super) async fn drain(&self, within: Duration) -> Vec<String> {
        let mut tasks = JoinSet::new();
        for kept in self.profiles.values() {
            let kept = Arc::clone(kept);
            tasks.spawn(async move {
                let settled = kept.drain(within).await == Drained::Settled;
                (!settled).then(|| kept.name().to_owned())
            });
        }
        let mut unsettled: Vec<_> = tasks.join_all().await.into_iter().flatten().collect();
        unsettled.sort();
        unsettled
    }

    fn profile(&self, name: &str) -> Result<&Kept, Refusal> {
        let found = self.profiles.get(name).map(|kept| &**kept);
        found.ok_or_else(|| {
            let why = format!("the profile `{name}` is not served");
            Refusal::new(StatusCode::NOT_FOUND, "unknown_profile", why)
        })
    }
}

/// Returns the routes, behind the guard of an address.
pub(super) fn router(served: Arc<Served>, guard: Guard) -> Router {
    let tokens = Router::new()
        .route("/token/{name}", get(token))
        .route("/token/{name}/refused", post(refused))
        .route("/auth/{name}", get(auth))
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
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let token = served.profile(&name)?.token(min_ttl(asked)?).await?;
    Ok(as_json(&token))
}

/// Takes the text of a token that an API refused, and answers with another one.
async fn refused(
    State(served): Shared,
    Path(name): Path<String>,
    body: Result<Bytes, BytesRejection>,
) -> Result<Response, Refusal> {
    let kept = served.profile(&name)?;
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
    Ok(as_json(&*kept.other_than(text).await?))
}

/// Answers nginx's `auth_request`: 204 with the headers that the API wants.
async fn auth(
    State(served): Shared,
    Path(name): Path<String>,
    asked: Asked,
) -> Result<Response, Refusal> {
    let token = served.profile(&name)?.token(min_ttl(asked)?).await?;
    let headers = token.headers();
    match headers.is_empty() {
        true => Err(Refusal::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "no_header",
            format!("{name}: the vendor takes the token in no header"),
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
    page::show(served.profiles(), grant::now())
}

/// Answers 200 if each profile has a valid token, and names those that have none.
async fn ready(State(served): Shared) -> (StatusCode, String) {
    let lives = served.profiles().map(Kept::life);
    let others: Vec<_> = lives.filter(|life| !life.state.is_usable()).collect();
    if others.is_empty() {
        return (StatusCode::OK, "ok\n".to_owned());
    }
    let line = |life: &crate::life::Life| format!("{}: {}\n", life.name, life.text());
    let text = others.iter().map(line).collect();
    (StatusCode::SERVICE_UNAVAILABLE, text)
}

async fn metrics(State(served): Shared) -> impl IntoResponse {
    let text = [(CONTENT_TYPE, "text/plain; version=0.0.4")];
    (text, served.metrics.render())
}

async fn nothing() -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "path", "nothing is served here")
}
