//! A made-up vendor that keeps every law, or breaks one on purpose.

mod api;
mod endpoint;

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use token_core::reexports::http::header::{AUTHORIZATION, HeaderName, HeaderValue};
use token_core::reexports::http::request::Parts;
use token_core::{
    Answer, ApiBody, ApiResponse, ApiVerdict, Attempt, BaseUrl, Error, ErrorKind, OneTimeGrant,
    Outcome, PlainHttp, Renewal, Request, Rotation, Scrubber, Secret, Step, Token, TokenEndpoint,
    TokenKey, TokenPlacement, Validity, json::Document,
};

pub(crate) const API_KEY: &str = "acme/api key-1";
/// The code of the cases.
pub(crate) const CODE: &str = "code-12345678";

/// What a flawed vendor crate would do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Flaw {
    None,
    DebugShowsTheKey,
    KeyHasTheSecret,
    KeyChanges,
    IndexesTheBody,
    TakesAnEmptyToken,
    StripsControls,
    ForgetsTheKey,
    ForgetsTheToken,
    ForgetsTheCode,
    MessageIsNotScrubbed,
    CodeIsNotScrubbed,
    TokenInThePath,
    TokenNotEncoded,
    RefreshesWhereTheAnswerSays,
    PageIsARefusal,
    JsonBeforeStatus,
    IgnoresRetryAfter,
    RedirectIsARefusal,
    RedirectTellsTheAddress,
    ReadsWhatIsThere,
    ExpiryIsNotChecked,
    RefreshTokenOnRequests,
    NothingOnRequests,
    NotSensitive,
    CountsRequests,
    CountsAnswers,
    AsksOnce,
    TakesABlankToken,
    LosesTheRotation,
    ForgivesACode,
    LeavesHalfASignature,
    UnderstandsNoRefusal,
    ChangesThePath,
    LosesTheQuery,
    RewritesTheBody,
    TokenTwiceInTheQuery,
    KeepsTheOldToken,
    KeepsTheOldLength,
    LeavesABodyBehind,
    RefreshTokenInTheForm,
    JudgeIndexesTheBody,
    CountsVerdicts,
    JudgesAnUnaskedBody,
    FindsTheCodeAnywhere,
    AsksForWholeFiles,
}

pub(crate) struct Acme {
    base: BaseUrl,
    api_key: Secret,
    two_steps: bool,
    placement: TokenPlacement,
    flaw: Flaw,
    count: AtomicU64,
}

impl Acme {
    pub(crate) fn new(name: &str, flaw: Flaw) -> Self {
        Self {
            base: BaseUrl::parse("https://api.acme.example/v1", PlainHttp::Refused).unwrap(),
            api_key: Secret::from(API_KEY),
            two_steps: name == "two steps",
            placement: match name {
                "in the query" => TokenPlacement::Query("acme_token".into()),
                "in a form" => TokenPlacement::Form("acme_token".into()),
                _ => TokenPlacement::Bearer,
            },
            flaw,
            count: AtomicU64::new(0),
        }
    }

    fn has(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn counted(&self) -> u64 {
        self.count.fetch_add(1, Ordering::Relaxed)
    }

    fn document(&self, answer: &Answer<'_>) -> Result<Document, Error> {
        let page = answer.body().starts_with(b"<") && answer.status().is_success();
        if page && self.has(Flaw::PageIsARefusal) {
            return Err(answer.refused(ErrorKind::Rejected, "", "a page"));
        }
        if answer.status().is_redirection() && self.has(Flaw::RedirectIsARefusal) {
            return Err(answer.refused(ErrorKind::Rejected, "", ""));
        }
        if answer.status().is_redirection() && self.has(Flaw::RedirectTellsTheAddress) {
            let location = answer.headers()["location"].to_str().unwrap_or_default();
            let error = answer.document().unwrap_err();
            return Err(error.with_message(location, &answer.request().scrubber()));
        }
        if answer.status().is_server_error() && self.has(Flaw::IgnoresRetryAfter) {
            return Err(Error::new(
                ErrorKind::Transient { after: None },
                "the server failed",
            ));
        }
        if self.has(Flaw::JsonBeforeStatus) {
            let parsed = Document::parse(answer.body());
            return parsed.or_else(|_| answer.document());
        }
        answer.document()
    }

    /// Returns the one-time grant of this code.
    pub(crate) fn redeem(&self, code: &str) -> OneTimeGrant {
        let (base, code, flaw) = (self.base.clone(), Secret::from(code), self.flaw);
        OneTimeGrant::new(move |_| {
            let builder = Request::post(&base, "/redeem");
            let builder = match flaw {
                Flaw::ForgetsTheCode => builder.form("code", code.expose()),
                _ => builder.form_secret("code", &code),
            };
            builder.build(Step::Redemption)
        })
    }

    fn secret(&self, document: &Document, name: &str) -> Option<Secret> {
        let text = document.text(&[name]);
        match self.flaw {
            Flaw::TakesAnEmptyToken if name == "token" => Some(
                text.filter(|text| !text.is_empty())
                    .unwrap_or("none")
                    .into(),
            ),
            Flaw::TakesABlankToken if text.is_some_and(|text| text.trim().is_empty()) => {
                Some("blank".into())
            }
            Flaw::StripsControls => {
                let stripped: String = text?.chars().filter(|c| !c.is_control()).collect();
                Some(stripped.into())
            }
            _ => document.secret(&[name]),
        }
    }

    fn validity(&self, answer: &Answer<'_>, document: &Document) -> Result<Validity, Error> {
        let told = document.number(&["ttl"]);
        if self.has(Flaw::ExpiryIsNotChecked) {
            let seconds = told.and_then(Result::ok).unwrap_or(60);
            let end = answer.asked_at().shifted(seconds.saturating_mul(1000));
            return Ok(Validity::new(answer.asked_at(), end));
        }
        if self.has(Flaw::LosesTheRotation) && told.is_some_and(|told| told.is_err()) {
            return Err(answer.error(ErrorKind::Protocol, "the answer has no ttl"));
        }
        let lifetime = answer
            .lifetime()
            .seconds(document, &["ttl"])
            .instant(document, &["until"]);
        Ok(lifetime.validity(Renewal::RefreshToken, Duration::from_secs(60)))
    }

    fn refused(&self, answer: &Answer<'_>, document: &Document) -> Error {
        let code = document.text(&["error"]).unwrap_or_default();
        let message = document.text(&["message"]).unwrap_or_default();
        let nothing = Scrubber::new([]);
        let kind = match code {
            _ if self.has(Flaw::UnderstandsNoRefusal) => ErrorKind::Protocol,
            "frozen" => ErrorKind::Locked {
                after: Duration::from_secs(1200),
            },
            "revoked_grant" | "repeated" => ErrorKind::Rejected,
            _ => ErrorKind::Protocol,
        };
        let error = match self.flaw {
            Flaw::MessageIsNotScrubbed => answer.error(kind, "no").with_message(message, &nothing),
            // What quotes nothing shows no secret, and yet the request must remember its own.
            Flaw::ForgetsTheKey => answer.error(kind, "no"),
            Flaw::CodeIsNotScrubbed => answer.error(kind, "no").with_code(code, &nothing),
            _ => answer.refused(kind, code, message),
        };
        if code == "revoked_grant" {
            error.killing_live_token()
        } else {
            error
        }
    }

    fn issued(
        &self,
        answer: &Answer<'_>,
        document: &Document,
        refresh: Option<Secret>,
    ) -> Result<Outcome, Error> {
        let token = self.token(answer, document, refresh.clone());
        if self.has(Flaw::LosesTheRotation) {
            return token.map(Outcome::Issued);
        }
        answer.outcome(token, refresh, None)
    }

    fn token(
        &self,
        answer: &Answer<'_>,
        document: &Document,
        refresh: Option<Secret>,
    ) -> Result<Token, Error> {
        let access = self
            .secret(document, "token")
            .ok_or_else(|| answer.not_understood("the answer has no token"))?;
        let builder = Token::builder(access, self.validity(answer, document)?)
            .refresh(refresh)
            .placement(self.placement.clone())
            .scopes(document.words(&["scope"]));
        let builder = document
            .text(&["host"])
            .into_iter()
            .fold(builder, |b, host| b.extra("host", host.into()));
        builder.build()
    }

    /// Finds the token in any text, as a regular expression would.
    fn torn(&self, answer: &Answer<'_>) -> Option<Result<Outcome, Error>> {
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let access = text
            .split("\"token\":")
            .nth(1)?
            .trim()
            .trim_start_matches('"')
            .split('"')
            .next()?
            .to_owned();
        let validity = Validity::new(answer.asked_at(), answer.asked_at().shifted(1000));
        Some(
            Token::builder(access.into(), validity)
                .build()
                .map(Outcome::Issued),
        )
    }
}

impl fmt::Debug for Acme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.flaw {
            Flaw::DebugShowsTheKey => write!(f, "Acme {{ api_key: {:?} }}", self.api_key.expose()),
            _ => f
                .debug_struct("Acme")
                .field("base", &self.base)
                .finish_non_exhaustive(),
        }
    }
}
