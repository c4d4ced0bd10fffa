//! One case of the data folder.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue};

use super::fields::Fields;
use crate::endpoint::Attempt;
use crate::expiry::Validity;
use crate::secret::Secret;
use crate::test_util::attempt;
use crate::time::Timestamp;
use crate::token::Token;

pub(super) struct Case {
    pub(super) name: String,
    pub(super) endpoint: String,
    pub(super) asks: Asks,
    pub(super) attempt: Attempt,
    pub(super) token: Option<Token>,
    pub(super) request: Option<ExpectedRequest>,
    pub(super) answer: Option<http::Response<Bytes>>,
    pub(super) expect: Option<Expected>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Login,
    Refresh,
    Answer,
}

pub(super) enum Expected {
    Issued(ExpectedToken),
    Error(ExpectedError),
    Again(ExpectedError),
    Next(ExpectedRequest),
}

/// What is not there is not checked.
pub(super) struct ExpectedRequest {
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Option<String>,
}

pub(super) struct ExpectedToken {
    pub(super) access: Option<String>,
    pub(super) refresh: Option<Option<String>>,
    pub(super) expires_in_millis: Option<i64>,
    pub(super) carried: Option<String>,
    pub(super) scopes: Option<Vec<String>>,
    pub(super) extras: Vec<(String, String)>,
}

pub(super) struct ExpectedError {
    pub(super) kind: String,
    pub(super) code: Option<Option<String>>,
    pub(super) message: Option<Option<String>>,
    pub(super) kills_live_token: Option<bool>,
    pub(super) after_millis: Option<i64>,
}

const KINDS: [&str; 8] = [
    "Transient",
    "Throttled",
    "InDoubt",
    "Rejected",
    "Locked",
    "Config",
    "Protocol",
    "Store",
];
const SOME_TIME: i64 = 1_700_000_000_000;

impl Case {
    /// Every case of a folder, by name.
    pub(super) fn load_all(data: &Path) -> Result<Vec<Self>, String> {
        let folders = std::fs::read_dir(data).map_err(|error| format!("{}: {error}", data.display()))?;
        let mut names: Vec<_> = folders
            .flatten()
            .filter(|entry| entry.path().is_dir())
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort();
        if names.is_empty() {
            return Err(format!("{} has no case", data.display()));
        }
        let read = names.iter().map(|name| Self::load(data, name));
        let (cases, malformed): (Vec<_>, Vec<_>) = read.partition(Result::is_ok);
        let malformed: Vec<_> = malformed.into_iter().filter_map(Result::err).collect();
        match malformed.is_empty() {
            true => Ok(cases.into_iter().flatten().collect()),
            false => Err(malformed.join("\n")),
        }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.attempt.now()
    }

    fn load(data: &Path, name: &str) -> Result<Self, String> {
        let text = std::fs::read(data.join(name).join("case.json"))
            .map_err(|error| format!("case {name}: case.json: {error}"))?;
        Fields::parse(&text)
            .and_then(|fields| Self::read(name, fields))
            .map_err(|why| format!("case {name}: {why}"))
    }

    fn read(name: &str, mut fields: Fields) -> Result<Self, String> {
        fields.required_text("source")?;
        let now = Timestamp::from_unix_millis(fields.whole("now_unix_ms")?.unwrap_or(SOME_TIME));
        let case = Self {
            name: name.to_owned(),
            endpoint: fields.text("endpoint")?.unwrap_or_default(),
            asks: asks(&fields.required_text("asks")?)?,
            attempt: read_attempt(fields.text("nonce_hex")?, now)?,
            token: fields
                .object("token")?
                .map(|token| read_token(token, now))
                .transpose()?,
            request: fields.object("request")?.map(ExpectedRequest::read).transpose()?,
            answer: fields.object("answer")?.map(read_answer).transpose()?,
            expect: fields.object("expect")?.map(Expected::read).transpose()?,
        };
        fields.finish()?;
        case.check_whole()?;
        Ok(case)
    }

    fn check_whole(&self) -> Result<(), String> {
        if self.asks == Asks::Refresh && self.token.is_none() {
            return Err("asks for a refresh and has no `token`".into());
        }
        if self.asks == Asks::Answer && self.answer.is_none() {
            return Err("asks for an answer to be read and has no `answer`".into());
        }
        if self.answer.is_some() && self.expect.is_none() {
            return Err("has an `answer` and no `expect`".into());
        }
        if self.request.is_none() && self.expect.is_none() {
            return Err("checks nothing: it has neither `request` nor `expect`".into());
        }
        Ok(())
    }
}

impl Expected {
    fn read(mut fields: Fields) -> Result<Self, String> {
        let expected = if let Some(token) = fields.object("issued")? {
            Self::Issued(ExpectedToken::read(token)?)
        } else if let Some(error) = fields.object("error")? {
            Self::Error(ExpectedError::read(error)?)
        } else if let Some(error) = fields.object("again")? {
            Self::Again(ExpectedError::read(error)?)
        } else if let Some(request) = fields.object("next")? {
            Self::Next(ExpectedRequest::read(request)?)
        } else {
            return Err("`expect` must have one of `issued`, `error`, `again`, `next`".into());
        };
        fields.finish()?;
        Ok(expected)
    }
}

impl ExpectedRequest {
    fn read(mut fields: Fields) -> Result<Self, String> {
        let request = Self {
            method: fields.text("method")?,
            url: fields.text("url")?,
            headers: fields.named_texts("headers")?,
            body: fields.text("body")?,
        };
        fields.finish()?;
        Ok(request)
    }
}

impl ExpectedToken {
    fn read(mut fields: Fields) -> Result<Self, String> {
        let token = Self {
            access: fields.text("access")?,
            refresh: fields.text_or_null("refresh")?,
            expires_in_millis: fields.seconds("expires_in_seconds")?,
            carried: fields.text("carried")?,
            scopes: fields.texts("scopes")?,
            extras: fields.named_texts("extras")?,
        };
        fields.finish()?;
        Ok(token)
    }
}

impl ExpectedError {
    fn read(mut fields: Fields) -> Result<Self, String> {
        let error = Self {
            kind: fields.required_text("kind")?,
            code: fields.text_or_null("code")?,
            message: fields.text_or_null("message")?,
            kills_live_token: fields.flag("kills_live_token")?,
            after_millis: fields.seconds("after_seconds")?,
        };
        fields.finish()?;
        if !KINDS.contains(&error.kind.as_str()) {
            return Err(format!(
                "the kind `{}` is none of {}",
                error.kind,
                KINDS.join(", ")
            ));
        }
        Ok(error)
    }
}

fn asks(text: &str) -> Result<Asks, String> {
    match text {
        "login" => Ok(Asks::Login),
        "refresh" => Ok(Asks::Refresh),
        "answer" => Ok(Asks::Answer),
        _ => Err("`asks` must be `login`, `refresh` or `answer`".into()),
    }
}

fn read_attempt(nonce_hex: Option<String>, now: Timestamp) -> Result<Attempt, String> {
    let Some(hex) = nonce_hex else {
        return Ok(attempt(now, 0));
    };
    let drawn = Some(&hex).filter(|hex| hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit()));
    let drawn = drawn.and_then(|hex| u128::from_str_radix(hex, 16).ok());
    let drawn = drawn.ok_or("`nonce_hex` must be 32 hex digits")?;
    Ok(Attempt::new(now, drawn.to_be_bytes()))
}

fn read_token(mut fields: Fields, now: Timestamp) -> Result<Token, String> {
    let access = fields.text("access")?.map(Secret::from);
    let refresh = fields.text("refresh")?.map(Secret::from);
    let life = fields.seconds("expires_in_seconds")?.unwrap_or(3_600_000);
    let extras = fields.named_texts("extras")?;
    fields.finish()?;
    let validity = match access {
        Some(_) => Validity::new(now, now.shifted(life)),
        None => Validity::expired(),
    };
    let builder =
        Token::builder(access.unwrap_or_else(|| Secret::from("unknown")), validity).refresh(refresh);
    let with_extras = extras.into_iter().fold(builder, |builder, (name, value)| {
        builder.extra(name, Secret::from(value))
    });
    with_extras
        .build()
        .map_err(|error| format!("`token` cannot be: {error}"))
}

fn read_answer(mut fields: Fields) -> Result<http::Response<Bytes>, String> {
    let status = fields.whole("status")?.unwrap_or(200);
    let headers = fields.named_texts("headers")?;
    let body = fields.text("body")?.unwrap_or_default();
    fields.finish()?;
    let mut response = http::Response::new(Bytes::from(body));
    let status = u16::try_from(status)
        .ok()
        .and_then(|status| http::StatusCode::from_u16(status).ok());
    *response.status_mut() = status.ok_or("`answer.status` must be an HTTP status")?;
    for (name, value) in headers {
        let unfit = |_| format!("`answer.headers.{name}` is no header");
        let (key, value) = (
            HeaderName::try_from(&name).map_err(|error| unfit(error.to_string()))?,
            HeaderValue::try_from(&value).map_err(|error| unfit(error.to_string()))?,
        );
        response.headers_mut().append(key, value);
    }
    Ok(response)
}

/// Milliseconds of a span, saturating.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
