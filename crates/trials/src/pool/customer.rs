//! The token endpoint of one account, as a process describes it.

use std::time::Duration;

use anyhow::{Context as _, Result};
use vendor_auth::types::{
    Answer, Attempt, BaseUrl, ErrorKind, Outcome, PlainHttp, Request, Rotation, Step, Timestamp,
    TokenKey, Validity,
};
use vendor_auth::{Error, Secret, Token, TokenEndpoint};

/// Which process asks, and where.
#[derive(Clone, Debug)]
pub(super) struct Deployment {
    bases: Vec<BaseUrl>,
    path: String,
}

/// The endpoint of one account.
#[derive(Clone, Debug)]
pub(super) struct Customer {
    account: String,
    base: BaseUrl,
    path: String,
}

impl Deployment {
    /// Returns the vendor at these addresses, as one start of a process calls it.
    pub(super) fn at(urls: &[String], incarnation: u32) -> Result<Self> {
        let bases = urls
            .iter()
            .map(|url| BaseUrl::parse(url, PlainHttp::Allowed));
        Ok(Self {
            bases: bases.collect::<Result<_, _>>()?,
            path: format!("/token/{incarnation}"),
        })
    }

    /// Returns the endpoint of this account. All addresses are one host, whose ports do not suffice
    /// for a connection per exchange.
    pub(super) fn customer(&self, account: &str) -> Result<Customer, Error> {
        let unknown = || Error::new(ErrorKind::Config, "no such account");
        let number = number(account).ok_or_else(unknown)?;
        let base = self.bases.get(number % self.bases.len().max(1));
        Ok(Customer {
            account: account.to_owned(),
            base: base.ok_or_else(unknown)?.clone(),
            path: self.path.clone(),
        })
    }
}

/// Returns the name of an account.
pub(super) fn name(number: usize) -> String {
    format!("customer-{number}")
}

/// Returns the number of an account.
pub(super) fn number(account: &str) -> Option<usize> {
    account.strip_prefix("customer-")?.parse().ok()
}

/// Returns the key of an account in the store.
pub(super) fn key(account: &str) -> TokenKey {
    TokenKey::of("trial", "vendor", account)
}

/// Returns the first token of an account, whose access token ends at this instant.
pub(super) fn first_token(number: usize, now: Timestamp, expires_at: Timestamp) -> Result<Token> {
    let validity = Validity::new(now, expires_at);
    let token = Token::builder(Secret::from(format!("A.{number}.1")), validity)
        .refresh(Secret::from(format!("R.{number}.1")));
    token.build().context("the first token cannot be built")
}

impl TokenEndpoint for Customer {
    fn key(&self) -> TokenKey {
        key(&self.account)
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, token: &Token, _: &Attempt) -> Result<Request, Error> {
        Request::post(&self.base, &self.path)
            .form_secret("refresh_token", token.refresh_credential())
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _: &Attempt) -> Result<Outcome, Error> {
        let document = answer.document()?;
        if document.has(&["error"]) {
            return Err(answer.error(ErrorKind::Rejected, "the vendor ended the grant"));
        }
        let text = |name| document.text(&[name]).map(Secret::from);
        let (Some(access), Some(refresh)) = (text("access_token"), text("refresh_token")) else {
            return Err(answer.not_understood("there is no token"));
        };
        let renewal = answer.renewal(Some(&refresh), false);
        let life = answer.lifetime().seconds(&document, &["expires_in"]);
        let ends = answer
            .lifetime()
            .seconds(&document, &["refresh_expires_in"]);
        Token::builder(access, life.validity(renewal, Duration::from_secs(60)))
            .refresh(refresh)
            .refresh_expires_at(ends.end())
            .build()
            .map(Outcome::Issued)
    }
}
