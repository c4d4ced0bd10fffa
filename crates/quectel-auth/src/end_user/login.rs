use token_core::{Attempt, Error, ErrorKind, OneTimeGrant, Request, Secret, Step};

use super::config::EndUser;
use super::wire::headed;
use crate::sign;

const EMAIL_LOGIN: &str = "/v2/enduser/enduserapi/emailPwdLogin";
const PHONE_LOGIN: &str = "/v2/enduser/enduserapi/phonePwdLogin";

impl EndUser {
    /// Logs in with email address and password ("Email Password Login",
    /// `/v2/enduser/enduserapi/emailPwdLogin`).
    ///
    /// A wrong password is [`Rejected`](token_core::ErrorKind::Rejected); the vendor's code tells
    /// how many attempts are left, from 5586 for four down to 5583 for one. Without a user domain,
    /// building the request fails with [`Config`](token_core::ErrorKind::Config).
    pub fn email_password(
        &self,
        email: impl Into<String>,
        password: impl Into<Secret>,
    ) -> OneTimeGrant {
        self.redemption(Account::Email(email.into()), password.into())
    }

    /// Logs in with phone number and password ("Phone Number and Password Login",
    /// `/v2/enduser/enduserapi/phonePwdLogin`). The international code, such as `86`, may be left
    /// out in the vendor's own country.
    ///
    /// A wrong password is [`Rejected`](token_core::ErrorKind::Rejected); the vendor's code tells
    /// how many attempts are left, from 5582 for four down to 5579 for one. Without a user domain,
    /// building the request fails with [`Config`](token_core::ErrorKind::Config).
    pub fn phone_password(
        &self,
        international_code: Option<&str>,
        phone: impl Into<String>,
        password: impl Into<Secret>,
    ) -> OneTimeGrant {
        let account = Account::Phone {
            international_code: international_code.map(str::to_owned),
            phone: phone.into(),
        };
        self.redemption(account, password.into())
    }

    fn redemption(&self, account: Account, password: Secret) -> OneTimeGrant {
        let endpoint = self.clone();
        OneTimeGrant::new(move |attempt| login(&endpoint, &account, &password, attempt))
    }
}

/// The account that logs in.
enum Account {
    Email(String),
    Phone {
        international_code: Option<String>,
        phone: String,
    },
}

fn login(
    endpoint: &EndUser,
    account: &Account,
    password: &Secret,
    attempt: &Attempt,
) -> Result<Request, Error> {
    let no_domain = || {
        Error::new(
            ErrorKind::Config,
            "a login needs the user domain and its secret",
        )
    };
    let domain = endpoint.domain.as_ref().ok_or_else(no_domain)?;
    let signed = sign::password(&account.signed_parts(), password, &domain.secret, attempt)?;
    let mut parameters = account.parameters();
    parameters.push(("random", signed.random));
    parameters.push(("userDomain", domain.name.clone()));
    parameters.extend(endpoint.mcc.map(|mcc| ("mcc", mcc.to_string())));
    let request = headed(endpoint, Request::post(&endpoint.base, account.path()))
        .remember(password)
        .remember(&domain.secret);
    let request = endpoint.parameters.secret(request, "pwd", &signed.pwd);
    let request = endpoint
        .parameters
        .secret(request, "signature", &signed.signature);
    let request = parameters.iter().fold(request, |request, (name, value)| {
        endpoint.parameters.plain(request, name, value)
    });
    request.build(Step::Redemption)
}

impl Account {
    fn path(&self) -> &'static str {
        match self {
            Self::Email(_) => EMAIL_LOGIN,
            Self::Phone { .. } => PHONE_LOGIN,
        }
    }

    fn parameters(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Email(email) => vec![("email", email.clone())],
            Self::Phone {
                international_code,
                phone,
            } => {
                let code = international_code
                    .iter()
                    .map(|code| ("internationalCode", code.clone()));
                code.chain([("phone", phone.clone())]).collect()
            }
        }
    }

    fn signed_parts(&self) -> Vec<&str> {
        match self {
            Self::Email(email) => vec![email],
            Self::Phone {
                international_code,
                phone,
            } => vec![international_code.as_deref().unwrap_or_default(), phone],
        }
    }
}
