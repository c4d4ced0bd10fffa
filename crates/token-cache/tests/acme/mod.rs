//! A test vendor in memory, with everything that can go wrong at one, and a test store whose
//! operations fail on command.

mod fault;
mod gate;
mod grant;
mod rng;
mod server;
mod setup;
mod store;
mod store_fault;
mod wire;

use std::time::Duration;

use token_core::reexports::http::request::Parts;
use token_core::{
    Answer, ApiBody, ApiOrigin, Attempt, BaseUrl, Error, ErrorKind, OneTimeGrant, Outcome,
    PlainHttp, Request, Rotation, Secret, Step, Token, TokenEndpoint, TokenKey,
};

pub(crate) use fault::{Fault, When};
pub(crate) use gate::Gate;
pub(crate) use rng::SeededRng;
pub(crate) use server::{AcmeServer, Reuse};
pub(crate) use setup::{Setup, advance, ask, assert_events, received};
pub(crate) use setup::{spawn_logout, spawn_token, spawn_token_within, token_generation};
pub(crate) use store::FaultyStore;
pub(crate) use store_fault::{Op, StoreFault};
pub(crate) use wire::ReceivedRequest;

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const API_KEY: &str = "acme-api-key-0123456789";
pub(crate) const CODE: &str = "acme-one-time-code-0123456789";
/// Less than the shortest pause after a failure: such a caller gets the failure itself.
pub(crate) const IMPATIENT: Duration = Duration::from_millis(400);
/// How long a token lives if the answer does not say.
const DEFAULT_LIFE: Duration = Duration::from_secs(3600);
/// How long a frozen account stays frozen.
pub(crate) const FREEZE: Duration = Duration::from_secs(1200);

/// Acme's token endpoint.
#[derive(Clone, Debug)]
pub(crate) struct Acme {
    base: BaseUrl,
    account: &'static str,
    rotation: Rotation,
    login: Option<Secret>,
    refreshes: bool,
    ends_old: bool,
}

impl Acme {
    /// A vendor with single-use refresh tokens and no repeatable login.
    pub(crate) fn single_use() -> Self {
        Self::with(Rotation::SingleUse)
    }

    pub(crate) fn with(rotation: Rotation) -> Self {
        Self {
            base: BaseUrl::parse("https://api.acme.example/v1", PlainHttp::Refused).unwrap(),
            account: "user-17",
            rotation,
            login: None,
            refreshes: true,
            ends_old: false,
        }
    }

    /// A vendor without refresh, only with a login, like client credentials in OAuth 2.0.
    pub(crate) fn by_login_alone() -> Self {
        Self {
            refreshes: false,
            ..Self::with(Rotation::Idempotent).and_login()
        }
    }

    /// The same for another account.
    pub(crate) fn for_account(mut self, account: &'static str) -> Self {
        self.account = account;
        self
    }

    /// The same with another base URL.
    pub(crate) fn at(mut self, base: &str) -> Self {
        self.base = BaseUrl::parse(base, PlainHttp::Refused).unwrap();
        self
    }

    /// An exchange ends the access token that it replaces.
    pub(crate) fn and_ends_old_token(mut self) -> Self {
        self.ends_old = true;
        self
    }

    /// With a repeatable login by API key.
    pub(crate) fn and_login(mut self) -> Self {
        self.login = Some(Secret::from(API_KEY));
        self
    }

    pub(crate) fn rotates(&self) -> Rotation {
        self.rotation
    }

    /// A person's one-time code.
    pub(crate) fn redemption(&self) -> OneTimeGrant {
        let base = self.base.clone();
        OneTimeGrant::new(move |attempt| {
            Request::post(&base, "/redeem")
                .form_secret("code", &Secret::from(CODE))
                .form("at", &millis(attempt))
                .build(Step::Redemption)
        })
    }

    fn refused(answer: &Answer<'_>, code: &str, message: &str) -> Result<Outcome, Error> {
        let refused = |kind| answer.refused(kind, code, message);
        match code {
            "invalid_grant" => Err(refused(ErrorKind::Rejected)),
            "disabled" => Err(refused(ErrorKind::Rejected).killing_live_token()),
            "frozen" => Err(refused(ErrorKind::Locked { after: FREEZE })),
            "busy" => Err(refused(ErrorKind::Transient { after: None })),
            "wrong_client" => Err(refused(ErrorKind::Config)),
            "duplicate" | "stale" => Ok(Outcome::Retry(refused(ErrorKind::Transient {
                after: None,
            }))),
            _ => Err(refused(ErrorKind::Protocol)),
        }
    }
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", &self.base.deployment(), self.account)
    }

    fn rotation(&self) -> Rotation {
        self.rotation
    }

    fn exchange_ends_old_token(&self) -> bool {
        self.ends_old
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        let request = Request::post(&self.base, "/login")
            .form_secret("key", self.login.as_ref()?)
            .form("at", &millis(attempt))
            .form("reason", &format!("{:?}", attempt.reason()));
        Some(request.build(Step::Login))
    }

    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error> {
        if !self.refreshes {
            return Err(Error::new(ErrorKind::Rejected, "there is no refresh token"));
        }
        Request::post(&self.base, "/refresh")
            .form_secret("refresh", token.refresh_credential())
            .form("at", &millis(attempt))
            .form("reason", &format!("{:?}", attempt.reason()))
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        let document = answer
            .document()
            .map_err(|error| if_not_from_acme(answer, error))?;
        if let Some(code) = document.text(&["error"]) {
            return Self::refused(
                answer,
                code,
                document.text(&["message"]).unwrap_or_default(),
            );
        }
        let text = |name| document.text(&[name]).map(Secret::from);
        let missing = |what| answer.error(ErrorKind::Protocol, what);
        if let Some(ticket) = text("next") {
            let next = Request::post(&self.base, "/second").form_secret("ticket", &ticket);
            return next.build(Step::Further("second")).map(Outcome::Continue);
        }
        let refresh_expires_at = answer.lifetime().seconds(&document, &["grant_ttl"]).end();
        let Some(access) = text("token") else {
            let error = missing("the answer has no token");
            return match text("refresh") {
                Some(refresh) => Ok(Outcome::RefreshTokenOnly {
                    refresh,
                    refresh_expires_at,
                    error,
                }),
                None => Err(error),
            };
        };
        let refresh = text("refresh");
        let renewal = answer.renewal(refresh.as_ref(), self.login.is_some());
        let validity = answer
            .lifetime()
            .seconds(&document, &["ttl"])
            .validity(renewal, DEFAULT_LIFE);
        let token = Token::builder(access, validity)
            .refresh(refresh)
            .refresh_expires_at(refresh_expires_at);
        let token = match document.has(&["surprise"]) {
            true => token.odd("there is a surprise in the answer"),
            false => token,
        };
        token.build().map(Outcome::Issued)
    }

    fn api_origins(&self) -> Vec<ApiOrigin> {
        vec![self.base.origin()]
    }

    fn authorize(
        &self,
        token: &Token,
        request: &mut Parts,
        _: &mut ApiBody<'_>,
        attempt: &Attempt,
    ) -> Result<(), Error> {
        let (name, value) = token.header().unwrap();
        request.headers.insert(name, value.clone());
        request
            .headers
            .insert("x-at", millis(attempt).parse().unwrap());
        Ok(())
    }

    fn revoke(&self, token: &Token, _: &Attempt) -> Option<Result<Request, Error>> {
        let request =
            Request::post(&self.base, "/revoke").form_secret("refresh", token.refresh_credential());
        Some(request.build(Step::Revocation))
    }
}

/// Whoever answers these without a document sits in front of the vendor.
fn if_not_from_acme(answer: &Answer<'_>, error: Error) -> Error {
    match answer.status().as_u16() {
        401 | 404 => answer.error(ErrorKind::Config, "this is not Acme"),
        _ => error,
    }
}

fn millis(attempt: &Attempt) -> String {
    attempt.now().unix_millis().to_string()
}
