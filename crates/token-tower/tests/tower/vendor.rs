//! A vendor in memory: its token endpoint, its token server, and what its API says about a token.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use token_tower::token_cache::{TokenCache, TokenCacheBuilder};
use token_tower::token_core::reexports::http::{HeaderMap, Response};
use token_tower::token_core::{
    Answer, ApiOrigin, ApiResponse, ApiVerdict, Attempt, BaseUrl, Error, ErrorKind, Outcome,
    PlainHttp, Request, Rotation, Step, Token, TokenEndpoint, TokenKey, TokenPlacement, http_fn,
};
use tokio::runtime::Handle;

/// The code of a refused token in a body of HTTP status 200.
pub(crate) const REFUSED: &str = r#"{"code":91001,"msg":"token expired"}"#;
/// How many bytes the endpoint reads to find it.
pub(crate) const LONGEST_REFUSAL: usize = 1024;

/// The token endpoint.
#[derive(Debug)]
struct Acme {
    base: BaseUrl,
    placement: TokenPlacement,
}

/// The token server, which the login talks to.
#[derive(Clone, Default)]
pub(crate) struct TokenServer(Arc<State>);

#[derive(Default)]
struct State {
    issued: AtomicUsize,
    live: Mutex<HashSet<String>>,
}

impl TokenServer {
    /// Returns a cache whose token may be sent to this URL.
    pub(crate) fn cache(&self, api: &str) -> TokenCache {
        self.builder(api, TokenPlacement::Bearer).build().unwrap()
    }

    /// The same, with a token that travels like this.
    pub(crate) fn builder(&self, api: &str, placement: TokenPlacement) -> TokenCacheBuilder {
        let base = BaseUrl::parse(api, PlainHttp::Allowed).unwrap();
        let server = self.clone();
        let http = http_fn(move |_| {
            let issued = server.issue();
            async move { Ok::<_, std::io::Error>(Response::new(issued.into())) }
        });
        // The exchanges run in the paused time of the test.
        TokenCache::builder(Acme { base, placement })
            .http_client(http)
            .runtime(Handle::current())
    }

    pub(crate) fn issue(&self) -> String {
        let number = self.0.issued.fetch_add(1, Ordering::SeqCst) + 1;
        let token = format!("s3cr3t-token-{number}");
        self.0.live.lock().unwrap().insert(token.clone());
        format!(r#"{{"token":"{token}","ttl":3600}}"#)
    }

    /// How many tokens were issued.
    pub(crate) fn issued(&self) -> usize {
        self.0.issued.load(Ordering::SeqCst)
    }

    /// Revokes all tokens.
    pub(crate) fn revoke(&self) {
        self.0.live.lock().unwrap().clear();
    }

    /// Whether the API accepts a request with these headers now.
    pub(crate) fn accepts(&self, headers: &HeaderMap) -> bool {
        let value = headers.get("authorization").map(|it| it.to_str().unwrap());
        let bearer = value.and_then(|value| value.strip_prefix("Bearer "));
        bearer.is_some_and(|token| self.is_live(token))
    }

    pub(crate) fn is_live(&self, token: &str) -> bool {
        self.0.live.lock().unwrap().contains(token)
    }
}

/// The place of an API that no test connects to.
pub(crate) fn origin(url: &str) -> ApiOrigin {
    BaseUrl::parse(url, PlainHttp::Allowed).unwrap().origin()
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", &self.base.deployment(), "default")
    }

    fn rotation(&self) -> Rotation {
        Rotation::Idempotent
    }

    fn login(&self, _: &Attempt) -> Option<Result<Request, Error>> {
        Some(Request::post(&self.base, "/login").build(Step::Login))
    }

    fn refresh(&self, _: &Token, _: &Attempt) -> Result<Request, Error> {
        Request::post(&self.base, "/login").build(Step::Login)
    }

    fn read(&self, answer: &Answer<'_>, _: &Attempt) -> Result<Outcome, Error> {
        let document = answer.document()?;
        let Some(access) = document.secret(&["token"]) else {
            return Err(answer.refused(ErrorKind::Rejected, "", ""));
        };
        let lifetime = answer.lifetime().seconds(&document, &["ttl"]);
        let validity = lifetime.validity(answer.renewal(None, true), std::time::Duration::ZERO);
        let token = Token::builder(access, validity).placement(self.placement.clone());
        Ok(Outcome::Issued(token.build()?))
    }

    fn api_origins(&self) -> Vec<ApiOrigin> {
        vec![self.base.origin()]
    }

    fn judge(&self, response: &ApiResponse<'_>) -> ApiVerdict {
        let document = response.document();
        match document.and_then(|it| it.code(&["code"])).as_deref() {
            Some("91001") => ApiVerdict::TokenRefused,
            _ => response.bearer_verdict(),
        }
    }

    fn judge_needs_body(&self, response: &ApiResponse<'_>) -> Option<usize> {
        let is_json = response.headers().contains_key("content-type")
            && response.may_be_json_within(LONGEST_REFUSAL);
        (response.status().is_success() && is_json).then_some(LONGEST_REFUSAL)
    }
}
