//! The token endpoint of one customer of the test vendor.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use token_core::{
    Answer, Attempt, BaseUrl, Error, ErrorKind, Outcome, PlainHttp, Request, Rotation, Secret,
    Step, Timestamp, Token, TokenEndpoint, TokenKey,
};

use crate::vendor::MINUTE;

#[derive(Debug)]
pub(crate) struct Customer {
    account: String,
    rotation: Rotation,
    host: &'static str,
    has_login: bool,
    mistake: Mistake,
    panics: Arc<AtomicBool>,
}

/// Where a program panics.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mistake {
    Key,
    Login,
    Rotation,
}

impl Customer {
    /// With a single-use refresh token, and a repeatable login for the first one.
    pub(crate) fn of(account: &str) -> Self {
        Self {
            account: account.to_owned(),
            rotation: Rotation::SingleUse,
            host: "api.acme.example",
            has_login: true,
            mistake: Mistake::Rotation,
            panics: Arc::default(),
        }
    }

    pub(crate) fn without_login(self) -> Self {
        Self {
            has_login: false,
            ..self
        }
    }

    /// Its program has a mistake, while this is set.
    pub(crate) fn panicking(self, mistake: Mistake, panics: Arc<AtomicBool>) -> Self {
        Self {
            mistake,
            panics,
            ..self
        }
    }

    fn ask(&self, what: Mistake) {
        let panics = self.panics.load(Ordering::SeqCst) && self.mistake == what;
        assert!(!panics, "a mistake");
    }

    pub(crate) fn at(self, host: &'static str) -> Self {
        Self { host, ..self }
    }

    fn request(&self, path: &str, attempt: &Attempt) -> token_core::RequestBuilder {
        let url = format!("https://{}", self.host);
        let base = BaseUrl::parse(&url, PlainHttp::Refused).unwrap();
        let at = attempt.now().unix_millis().to_string();
        let request = Request::post(&base, path).form("account", &self.account);
        request.form("at", &at)
    }
}

pub(crate) fn refresh_token(account: &str, generation: u64) -> Token {
    Token::from_refresh_token(Secret::from(format!("{account}.{generation}"))).unwrap()
}

impl TokenEndpoint for Customer {
    fn key(&self) -> TokenKey {
        self.ask(Mistake::Key);
        TokenKey::of("acme", self.host, &self.account)
    }

    fn rotation(&self) -> Rotation {
        self.ask(Mistake::Rotation);
        self.rotation
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        self.ask(Mistake::Login);
        let login = || self.request("/login", attempt).build(Step::Login);
        self.has_login.then(login)
    }

    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error> {
        self.request("/refresh", attempt)
            .form_secret("refresh", token.refresh_credential())
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _: &Attempt) -> Result<Outcome, Error> {
        let document = answer.document()?;
        if document.has(&["refused"]) {
            return Err(answer.error(ErrorKind::Rejected, "the customer must log in again"));
        }
        let text = |name| document.text(&[name]).map(Secret::from).unwrap();
        let refresh = text("refresh");
        let renewal = answer.renewal(Some(&refresh), self.has_login);
        let life = answer.lifetime().seconds(&document, &["ttl"]);
        let validity = life.validity(renewal, MINUTE);
        let mut token = Token::builder(text("token"), validity).refresh(refresh);
        if let Some(Ok(end)) = document.number(&["grant_ends"]) {
            token = token.refresh_expires_at(Timestamp::from_unix_seconds(end));
        }
        if document.has(&["surprise"]) {
            token = token.odd("there is a surprise in the answer");
        }
        token.build().map(Outcome::Issued)
    }
}
