//! A server whose idle limit ends just as the next request comes, under the engine.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Client;
use token_cache::{SystemClock, TokenCache};
use token_core::{
    Answer, Attempt, BaseUrl, Clock, Error, Outcome, PlainHttp, Request, Rotation, Secret, Step,
    Token, TokenEndpoint, TokenKey, Validity,
};
use token_testkit::ManualClock;

use super::raw::{RawServer, answer_of};

#[derive(Debug)]
struct Acme {
    base: BaseUrl,
    rotation: Rotation,
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", "acme.example", "default")
    }

    fn rotation(&self) -> Rotation {
        self.rotation
    }

    fn login(&self, _: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, token: &Token, _: &Attempt) -> Result<Request, Error> {
        Request::post(&self.base, "/refresh")
            .form_secret("token", token.refresh_credential())
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _: &Attempt) -> Result<Outcome, Error> {
        let number = String::from_utf8_lossy(answer.body()).into_owned();
        let refresh = Secret::from(format!("R{number}-of-the-acme-grant"));
        let access = Secret::from(format!("A{number}-of-the-acme-grant"));
        let token = Token::builder(access, Validity::without_end(answer.asked_at()));
        Ok(Outcome::Issued(token.refresh(Some(refresh)).build()?))
    }
}

/// What a server does with a connection that it has answered a request on.
#[derive(Clone, Copy, Debug)]
enum Closes {
    /// Closes it at once, without having announced that.
    AtOnce,
    /// Closes it when the next request arrives, which it does not read.
    AtTheNextRequest,
}

async fn server(closes: Closes) -> RawServer {
    let issued = Arc::new(AtomicU64::new(1));
    RawServer::start(move |mut wire| {
        let issued = Arc::clone(&issued);
        async move {
            if !wire.request().await {
                return;
            }
            let number = issued.fetch_add(1, Ordering::Relaxed);
            wire.say(&answer_of(&number.to_string())).await;
            if let Closes::AtTheNextRequest = closes {
                wire.until_readable().await;
            }
        }
    })
    .await
}

/// By its clock no time passes. If the machine stands still for longer than an exchange may take, an
/// `Idempotent` exchange is still repeated.
fn cache(server: &RawServer, rotation: Rotation) -> TokenCache {
    let base = BaseUrl::parse(&server.url(""), PlainHttp::Allowed).unwrap();
    TokenCache::builder(Acme { base, rotation })
        .http_client(Client::new().unwrap())
        .clock(ManualClock::at(SystemClock.now().wall))
        .refresh_token(Secret::from("R0-of-the-acme-grant"))
        .build()
        .unwrap()
}

/// Refreshes as often as that, one after the other, and returns the first failure.
async fn failure_among(cache: &TokenCache, times: usize) -> Option<Error> {
    let mut generation = cache.token().await.unwrap().generation();
    for _ in 1..times {
        match cache.refresh_if(generation).await {
            Ok(token) => generation = token.generation(),
            Err(error) => return Some(error),
        }
    }
    None
}

#[tokio::test]
async fn single_use_refreshes_at_the_servers_idle_limit_are_never_in_doubt() {
    for closes in [Closes::AtOnce, Closes::AtTheNextRequest] {
        let server = server(closes).await;
        let cache = cache(&server, Rotation::SingleUse);
        let failure = failure_among(&cache, 1_000).await;
        assert!(failure.is_none(), "{closes:?}: {failure:?}");
        assert_eq!(server.heard().all().len(), 1_000);
        assert_eq!(server.heard().count("POST"), 1_000);
    }
}

#[tokio::test]
async fn refreshes_that_may_be_repeated_end_with_a_token_at_the_servers_idle_limit() {
    for closes in [Closes::AtOnce, Closes::AtTheNextRequest] {
        let server = server(closes).await;
        let cache = cache(&server, Rotation::Idempotent);
        let failure = failure_among(&cache, 1_000).await;
        assert!(failure.is_none(), "{closes:?}: {failure:?}");
        assert!(server.heard().count("POST") >= 1_000);
    }
}
