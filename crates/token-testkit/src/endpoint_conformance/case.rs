//! A case in the data folder.

use std::path::Path;
use std::time::Duration;

use bytes::Bytes;

use super::fields::Fields;
use token_core::{Attempt, Timestamp, Token};

mod expected;
mod values;

pub(super) use expected::{
    Expected, ExpectedError, ExpectedRequest, ExpectedToken, ExpectedVerdict,
};

pub(super) struct Case {
    pub(super) name: String,
    pub(super) endpoint: String,
    pub(super) asks: Asks,
    /// The name of the one-time grant to redeem.
    pub(super) redeems: String,
    pub(super) attempt: Attempt,
    pub(super) token: Option<Token>,
    pub(super) request: Option<ExpectedRequest>,
    /// The answers before the one that the case checks. Each leads to a further request.
    pub(super) after: Vec<http::Response<Bytes>>,
    /// The API request to authorize.
    pub(super) api: Option<http::Request<Bytes>>,
    pub(super) answer: Option<http::Response<Bytes>>,
    pub(super) expect: Option<Expected>,
    /// Whether the vendor documents the refusal.
    pub(super) is_documented: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Asks {
    Login,
    Refresh,
    Redemption,
    Answer,
    Authorize,
    Judge,
}

const SOME_TIME: i64 = 1_700_000_000_000;

impl Case {
    /// Loads every case in a folder, sorted by name.
    pub(super) fn load_all(data: &Path) -> Result<Vec<Self>, String> {
        let folders =
            std::fs::read_dir(data).map_err(|error| format!("{}: {error}", data.display()))?;
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
            redeems: fields.text("redeems")?.unwrap_or_default(),
            attempt: values::attempt_of(fields.text("nonce_hex")?, now)?,
            token: fields
                .object("token")?
                .map(|token| values::token_of(token, now))
                .transpose()?,
            request: fields
                .object("request")?
                .map(ExpectedRequest::read)
                .transpose()?,
            after: fields
                .objects("after")?
                .into_iter()
                .map(values::answer_of)
                .collect::<Result<_, _>>()?,
            api: fields
                .object("api")?
                .map(values::api_request_of)
                .transpose()?,
            answer: fields
                .object("answer")?
                .map(values::answer_of)
                .transpose()?,
            expect: fields.object("expect")?.map(Expected::read).transpose()?,
            is_documented: fields.flag("documented")?.unwrap_or(true),
        };
        fields.finish()?;
        case.check_whole()?;
        Ok(case)
    }

    fn check_whole(&self) -> Result<(), String> {
        if matches!(self.asks, Asks::Refresh | Asks::Authorize) && self.token.is_none() {
            return Err("`refresh` and `authorize` need a `token`".into());
        }
        if (self.asks == Asks::Authorize) != self.api.is_some() {
            return Err("`api` and `\"asks\": \"authorize\"` go together".into());
        }
        if matches!(self.asks, Asks::Answer | Asks::Judge) && self.answer.is_none() {
            return Err("`answer` and `judge` need an `answer`".into());
        }
        let has_verdict = matches!(self.expect, Some(Expected::Verdict(_)));
        if (self.asks == Asks::Judge) != has_verdict {
            return Err("`verdict` and `\"asks\": \"judge\"` go together".into());
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

fn asks(text: &str) -> Result<Asks, String> {
    match text {
        "login" => Ok(Asks::Login),
        "refresh" => Ok(Asks::Refresh),
        "redemption" => Ok(Asks::Redemption),
        "answer" => Ok(Asks::Answer),
        "authorize" => Ok(Asks::Authorize),
        "judge" => Ok(Asks::Judge),
        _ => Err(
            "`asks` must be `login`, `refresh`, `redemption`, `answer`, `authorize` or `judge`"
                .into(),
        ),
    }
}

/// Returns a duration in milliseconds, saturating.
pub(super) fn millis(span: Duration) -> i64 {
    i64::try_from(span.as_millis()).unwrap_or(i64::MAX)
}
