use std::time::Duration;

use token_core::json::Document;
use token_core::types::http::Method;
use token_core::types::http::header::AUTHORIZATION;
use token_core::{
    Answer, Attempt, Carriage, Error, ErrorKind, Outcome, Request, RequestBuilder, Secret, Step, Timestamp,
    Token, TokenBuilder,
};

use super::config::{Config, Parameters};
use super::{codes, sign};

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

/// What an answer comes to. A new refresh token is kept even beside a refusal: the one that was sent may be spent.
pub(super) fn outcome(answer: &Answer<'_>, document: &Document) -> Result<Outcome, Error> {
    let refresh = document.secret(&["data.refreshToken.token"]);
    let lifetime = answer
        .lifetime()
        .instant(document, &["data.refreshToken.expirationTime"]);
    let token = match codes::refusal(answer, document) {
        Some(refusal) => Err(refusal),
        None => token(answer, document, refresh.clone(), lifetime.end()),
    };
    answer.outcome(token, refresh, lifetime.end())
}

/// The two tokens of a successful answer. Its `expirationTime` and the token's own `exp` say the same in every sample; the earlier
/// counts.
fn token(
    answer: &Answer<'_>,
    document: &Document,
    refresh: Option<Secret>,
    refresh_expires_at: Option<Timestamp>,
) -> Result<Token, Error> {
    let access = document.secret(&["data.accessToken.token"]);
    let no_token = || answer.not_understood("the vendor reports success without a token");
    let access = access.ok_or_else(no_token)?;
    let lifetime = answer
        .lifetime()
        .instant(document, &["data.accessToken.expirationTime"])
        .jwt(&access);
    let renewal = answer.renewal(refresh.as_ref(), false);
    let token = Token::builder(access, lifetime.validity(renewal, DEFAULT_LIFE))
        .carried(Carriage::Verbatim)
        .refresh(refresh)
        .refresh_expires_at(refresh_expires_at);
    let oddities = lifetime.oddity().into_iter().chain(document.oddity());
    oddities.fold(token, TokenBuilder::odd).build()
}
