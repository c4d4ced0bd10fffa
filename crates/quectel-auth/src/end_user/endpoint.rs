use std::fmt;

use token_core::{
    Answer, Attempt, BaseUrl, BuildError, Error, Key, Outcome, Redemption, Request, Rotation, Secret, Token,
    TokenEndpoint,
};

use super::codes;
use super::config::{self, Config, EndUserBuilder};
use super::wire::{self, Account};

/// The token endpoint of Quectel's app API, for one person.
///
/// ```
/// use quectel_auth::{EndUser, Region};
/// use token_core::Secret;
///
/// let ada = EndUser::builder(Region::Europe)
///     .account("ada@example.com")
///     .user_domain("E.DM.1", "the domain's secret")
///     .build()?;
/// let redemption = ada.email_password("ada@example.com", "her password");
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// * **There is no login** to fall back to: a person's password is a [`Redemption`], sent once. Five wrong ones freeze the account for
///   20 minutes (5147), and the vendor blocks a suspicious client for 24 hours (5325).
/// * **Refresh** answers both tokens anew: two hours for the access token, 30 days for the refresh token in the vendor's samples.
/// * **Carried** as it came, `Authorization: Bearer …`: the scheme is part of both tokens, in a refresh too.
/// * **Refused**: 5032 means that the refresh token is dead. A code that no page lists is
///   [`Protocol`](token_core::ErrorKind::Protocol), which does not give up the grant.
#[derive(Clone)]
pub struct EndUser(Config);

impl EndUser {
    /// Begins an endpoint at a [`Region`](crate::Region) or at any other base URL.
    pub fn builder(base_url: impl AsRef<str>) -> EndUserBuilder {
        EndUserBuilder::new(base_url.as_ref())
    }

    /// The same deployment for another person.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where the account has no name.
    pub fn for_account(&self, account: &str) -> Result<Self, BuildError> {
        let mut config = self.0.clone();
        config.account = config::account(account)?;
        Ok(Self(config))
    }

    /// Where it is.
    pub fn base_url(&self) -> &BaseUrl {
        &self.0.base
    }

    /// A login with email address and password ("Email Password Login", `/v2/enduser/enduserapi/emailPwdLogin`).
    ///
    /// A wrong password is [`Rejected`](token_core::ErrorKind::Rejected), with how many tries are left in the vendor's code: 5586 for
    /// four, down to 5583 for one. It makes no request, but [`Config`](token_core::ErrorKind::Config), where no user domain was given.
    pub fn email_password(&self, email: impl Into<String>, password: impl Into<Secret>) -> Redemption {
        self.redemption(Account::Email(email.into()), password.into())
    }

    /// A login with phone number and password ("Phone Number and Password Login", `/v2/enduser/enduserapi/phonePwdLogin`). The
    /// international code is such as `86`, and may be left out in the vendor's own country.
    ///
    /// A wrong password is [`Rejected`](token_core::ErrorKind::Rejected), with how many tries are left in the vendor's code: 5582 for
    /// four, down to 5579 for one. It makes no request, but [`Config`](token_core::ErrorKind::Config), where no user domain was given.
    pub fn phone_password(
        &self,
        international_code: Option<&str>,
        phone: impl Into<String>,
        password: impl Into<Secret>,
    ) -> Redemption {
        let account = Account::Phone {
            international_code: international_code.map(str::to_owned),
            phone: phone.into(),
        };
        self.redemption(account, password.into())
    }

    pub(super) fn new(config: Config) -> Self {
        Self(config)
    }

    fn redemption(&self, account: Account, password: Secret) -> Redemption {
        let config = self.0.clone();
        Redemption::new(move |attempt| wire::login(&config, &account, &password, attempt))
    }
}

impl TokenEndpoint for EndUser {
    /// `quectel-end-user`, the host and the account's name.
    fn key(&self) -> Key {
        Key::of("quectel-end-user", &self.0.base.deployment(), &self.0.account)
    }

    /// [`Rotation::SingleUse`]: every refresh answers a new refresh token, and the vendor does not say whether the spent one lives
    /// on. Taking it for dead costs a wait in the rare case of doubt; taking it for alive could cost the grant.
    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        wire::refresh(&self.0, token)
    }

    fn read(&self, answer: &Answer<'_>) -> Result<Outcome, Error> {
        let document = answer
            .document()
            .map_err(|error| codes::unauthorized(answer).unwrap_or(error))?;
        wire::outcome(answer, &document)
    }

    /// "User Logout", `DELETE /v2/enduser/enduserapi/userLogout`. Its answer has a code and no token.
    fn revoke(&self, token: &Token, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        Some(wire::logout(&self.0, token))
    }
}

impl fmt::Debug for EndUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndUser({} at {})", self.0.account, self.0.base)
    }
}
