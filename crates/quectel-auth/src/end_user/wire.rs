use std::time::Duration;

use token_core::json::Document;
use token_core::types::http::Method;
use token_core::types::http::header::AUTHORIZATION;
use token_core::{
    Answer, Attempt, Carriage, Error, ErrorKind, Request, RequestBuilder, Secret, Step, Timestamp, Token,
};

use super::config::{Config, Parameters};
use super::sign;

const EMAIL_LOGIN: &str = "/v2/enduser/enduserapi/emailPwdLogin";
const PHONE_LOGIN: &str = "/v2/enduser/enduserapi/phonePwdLogin";
const REFRESH: &str = "/v2/enduser/enduserapi/refreshToken";
const LOGOUT: &str = "/v2/enduser/enduserapi/userLogout";

/// "The token's validity period is reset to 2 hours", for an answer that tells no expiry at all.
const DEFAULT_LIFE: Duration = Duration::from_secs(2 * 3600);

/// Who logs in, in the vendor's words.
pub(super) enum Account {
    Email(String),
    Phone {
        international_code: Option<String>,
        phone: String,
    },
}

pub(super) fn login(
    config: &Config,
    account: &Account,
    password: &Secret,
    attempt: &Attempt,
) -> Result<Request, Error> {
    let no_domain = || Error::new(ErrorKind::Config, "a login needs the user domain and its secret");
    let domain = config.domain.as_ref().ok_or_else(no_domain)?;
    let signed = sign::password(&account.signed_parts(), password, domain, attempt)?;
    let mut parameters = account.parameters();
    parameters.push(("random", signed.random));
    parameters.push(("userDomain", domain.name.clone()));
    parameters.extend(config.mcc.map(|mcc| ("mcc", mcc.to_string())));
    let request = headed(config, Request::post(&config.base, account.path()))
        .remember(password)
        .remember(&domain.secret);
    let request = config.parameters.secret(request, "pwd", &signed.pwd);
    let request = config.parameters.secret(request, "signature", &signed.signature);
    let request = parameters.iter().fold(request, |request, (name, value)| {
        config.parameters.plain(request, name, value)
    });
    request.build(Step::Redemption)
}

pub(super) fn refresh(config: &Config, token: &Token) -> Result<Request, Error> {
    let missing = || Error::new(ErrorKind::Rejected, "the token came without a refresh token");
    let refresh = token.refresh().ok_or_else(missing)?;
    let request = headed(config, Request::put(&config.base, REFRESH)).remember(token.access());
    config
        .parameters
        .secret(request, "refreshToken", refresh)
        .build(Step::Refresh)
}

pub(super) fn logout(config: &Config, token: &Token) -> Result<Request, Error> {
    headed(config, Request::method(Method::DELETE, &config.base, LOGOUT))
        .header_secret(AUTHORIZATION, token.access())
        .build(Step::Revocation)
}

fn headed(config: &Config, request: RequestBuilder) -> RequestBuilder {
    let headers = config.headers.iter();
    headers.fold(request, |request, (name, value)| {
        request.header(name.clone(), value)
    })
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

impl Parameters {
    fn plain(self, request: RequestBuilder, name: &str, value: &str) -> RequestBuilder {
        match self {
            Self::Query => request.query(name, value),
            Self::Form => request.form(name, value),
        }
    }

    fn secret(self, request: RequestBuilder, name: &str, value: &Secret) -> RequestBuilder {
        self.plain(request.remember(value), name, value.expose())
    }
}

/// The two tokens of a successful answer.
pub(super) fn token(answer: &Answer<'_>, document: &Document) -> Result<Token, Error> {
    let text = |name| {
        document
            .text(&[name])
            .filter(|text| !text.is_empty())
            .map(Secret::from)
    };
    let no_token = || answer.error(ErrorKind::Protocol, "the vendor reports success without a token");
    let access = text("data.accessToken.token").ok_or_else(no_token)?;
    let expires_at = expires_at(answer, document, &access)?;
    Token::builder(access, answer.validity_until(expires_at))
        .carried(Carriage::Verbatim)
        .refresh(text("data.refreshToken.token"))
        .refresh_expires_at(refresh_expires_at(answer, document))
        .build()
}

/// The vendor's field; where it is missing or no time, the token's own `exp`, since the refresh token that came with it is the only
/// one and must not be thrown away.
fn expires_at(answer: &Answer<'_>, document: &Document, access: &Secret) -> Result<Timestamp, Error> {
    let told = answer.expires_at(document, &["data.accessToken.expirationTime"]);
    let claimed = answer.jwt_expiry(access);
    match (told, claimed) {
        (Some(Ok(instant)), _) | (_, Some(Ok(instant))) => Ok(instant),
        (Some(Err(error)), _) | (None, Some(Err(error))) => Err(error),
        (None, None) => Ok(answer.asked_at().after(DEFAULT_LIFE)),
    }
}

fn refresh_expires_at(answer: &Answer<'_>, document: &Document) -> Option<Timestamp> {
    answer
        .expires_at(document, &["data.refreshToken.expirationTime"])?
        .ok()
}
