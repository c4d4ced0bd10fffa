#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Implements the endpoint of a made-up vendor and gets a cached token from it.

use std::time::Duration;

use token_testkit::ScriptedClient;
use vendor_auth::types::{
    Answer, Attempt, BaseUrl, Outcome, PlainHttp, Request, Rotation, Step, TokenKey,
};
use vendor_auth::{Error, ErrorKind, Secret, Token, TokenCache, TokenEndpoint};

#[derive(Debug)]
struct Acme {
    base: BaseUrl,
    api_key: Secret,
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", &self.base.deployment(), "default")
    }

    fn rotation(&self) -> Rotation {
        Rotation::Idempotent
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        Some(
            Request::post(&self.base, "/login")
                .form_secret("key", &self.api_key)
                .build(Step::Login),
        )
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        Request::post(&self.base, "/refresh")
            .form_secret("token", token.access())
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        let document = answer.document()?;
        let Some(access) = document.secret(&["token"]) else {
            let code = document.code(&["error"]).unwrap_or_default();
            return Err(answer.refused(ErrorKind::Rejected, &code, ""));
        };
        let lifetime = answer.lifetime().seconds(&document, &["ttl"]);
        let validity = lifetime.validity(answer.renewal(None, true), Duration::from_secs(600));
        Ok(Outcome::Issued(Token::builder(access, validity).build()?))
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let base = BaseUrl::parse("https://acme.example", PlainHttp::Refused)?;
    let acme = Acme {
        base,
        api_key: Secret::from("the API key"),
    };
    // Instead of the network: an HTTP client with a prepared answer.
    let http = ScriptedClient::new().answer(200, r#"{"token": "T-1", "ttl": 3600}"#);
    let tokens = TokenCache::builder(acme).http_client(http).build()?;
    println!(
        "the token of {:?} is sent as {:?}",
        tokens.key(),
        tokens.token().await?.placement()
    );
    Ok(())
}
