//! Requests and answers with the field names that EnOS writes.

use std::time::Duration;

use token_core::json::Document;
use token_core::reexports::http::HeaderName;
use token_core::{
    Answer, Attempt, Error, ErrorKind, Request, RequestBuilder, Token, TokenBuilder, TokenPlacement,
};

use crate::codes;
use crate::config::{EnosApim, TimestampAs};
use crate::sign;

pub(crate) const ACCESS_TOKEN: HeaderName = HeaderName::from_static("apim-accesstoken");
pub(crate) const TIMESTAMP: HeaderName = HeaderName::from_static("apim-timestamp");
pub(crate) const SIGNATURE: HeaderName = HeaderName::from_static("apim-signature");

/// The published samples of get spell it `stauts`; `code` is the gateway's.
const CODE: &[&str] = &["status", "stauts", "code"];
const MESSAGE: &[&str] = &["msg", "message"];
const TOKEN: &[&str] = &["data.accessToken"];
const LIFE: &[&str] = &["data.expire"];

/// "The expiring time of the access token in seconds, with an initial value of 7,200".
const DOCUMENTED_LIFE: Duration = Duration::from_secs(7200);

/// The code and the message of an answer.
pub(crate) struct Reply {
    pub(crate) code: i64,
    pub(crate) message: String,
    /// Whether the code is the vendor's, not the HTTP status.
    pub(crate) from_vendor: bool,
    pub(crate) document: Option<Document>,
}

/// Returns a signed request to `token/get` or `token/refresh`, with the fields that both have.
pub(crate) fn token_request(
    endpoint: &EnosApim,
    operation: &str,
    attempt: &Attempt,
) -> RequestBuilder {
    let path = format!("/{}/v2.0/token/{operation}", endpoint.token_service);
    let encryption = sign::encryption(&endpoint.app_key, attempt.now(), &endpoint.app_secret);
    let request = Request::post(&endpoint.base, &path)
        .remember(&endpoint.app_secret)
        .json("appKey", &endpoint.app_key)
        .json_secret("encryption", &encryption);
    let timestamp = attempt.now().unix_millis();
    match endpoint.timestamp_as {
        TimestampAs::Number => request.json_number("timestamp", timestamp),
        TimestampAs::Text => request.json("timestamp", &timestamp.to_string()),
    }
}

/// Returns the timestamp that a token request was signed with, in Unix milliseconds.
pub(crate) fn signed_at(request: &Request) -> Option<i64> {
    let body = Document::parse(request.to_http().body()).ok()?;
    body.number(&["timestamp"])?.ok()
}

impl Reply {
    /// Reads code and message. A gateway's refusal counts even if its body is empty or a web page.
    pub(crate) fn of(answer: &Answer<'_>) -> Result<Self, Error> {
        let status = answer.status().as_u16();
        match answer.document() {
            Ok(document) => Self::in_body(answer, document),
            Err(_) if codes::is_gateway_status(status) => Ok(Self {
                code: i64::from(status),
                message: String::new(),
                from_vendor: false,
                document: None,
            }),
            Err(error) => Err(error),
        }
    }

    /// Returns the refusal with this code and message.
    pub(crate) fn refusal(&self, answer: &Answer<'_>, kind: ErrorKind) -> Error {
        let code = self.code.to_string();
        match self.from_vendor {
            true => answer.refused(kind, &code, &self.message),
            false => answer.refused_in_another_format(kind, &code, &self.message),
        }
    }

    fn in_body(answer: &Answer<'_>, document: Document) -> Result<Self, Error> {
        let unless_said = match answer.status().is_success() {
            true => 0,
            false => i64::from(answer.status().as_u16()),
        };
        let code = document
            .number(CODE)
            .unwrap_or(Ok(unless_said))
            .map_err(|_| no_number(answer, &document))?;
        Ok(Self {
            code,
            from_vendor: document.has(CODE),
            message: document.text(MESSAGE).unwrap_or_default().to_owned(),
            document: Some(document),
        })
    }
}

/// Reads the token of a successful answer.
pub(crate) fn token(answer: &Answer<'_>, document: &Document) -> Result<Token, Error> {
    let no_token = || {
        answer.error(
            ErrorKind::Protocol,
            "the answer reports success but has no token",
        )
    };
    let access = document
        .secret(TOKEN)
        .filter(|_| answer.status().is_success())
        .ok_or_else(no_token)?;
    let lifetime = answer.lifetime().seconds(document, LIFE).jwt(&access);
    let renewal = answer.renewal(None, true);
    let token = Token::builder(access, lifetime.validity(renewal, DOCUMENTED_LIFE))
        .placement(TokenPlacement::Header(ACCESS_TOKEN));
    let oddities = lifetime.oddity().into_iter().chain(document.oddity());
    oddities.fold(token, TokenBuilder::odd).build()
}

fn no_number(answer: &Answer<'_>, document: &Document) -> Error {
    let code = document.code(CODE).unwrap_or_default();
    answer.refused(
        ErrorKind::Protocol,
        &code,
        document.text(MESSAGE).unwrap_or_default(),
    )
}
