//! Reads refusals (RFC 6749 section 5.2), in the formats that servers use.

use token_core::json::Document;
use token_core::reexports::http::StatusCode;
use token_core::{Answer, Error, ErrorKind, Step};

use crate::codes::{self, Presented, Refusal};
use crate::config::{Login, OAuth2};

/// RFC 6749; the tenant API of OneAccess; WeChat and others; nested objects, as from OpenAI and
/// Google; Fitbit's list.
const CODES: [&str; 10] = [
    "error",
    "error_code",
    "errorCode",
    "errcode",
    "error.code",
    "error.type",
    "error.status",
    "errors.0.errorType",
    "errors.0.code",
    "code",
];
const MESSAGES: [&str; 9] = [
    "error_description",
    "error_msg",
    "errmsg",
    "errorMessage",
    "message",
    "msg",
    "error.message",
    "errors.0.message",
    "detail",
];

impl OAuth2 {
    /// Returns the document of an answer that is not a refusal. An `error` is a refusal whatever
    /// the status: GitHub and Slack refuse with 200.
    pub(crate) fn accepted(&self, answer: &Answer<'_>) -> Result<Document, Error> {
        let document = self.document(answer)?;
        if !answer.status().is_success() || has_error(&document) {
            return Err(self.refusal(answer, &document));
        }
        Ok(document)
    }

    /// Returns the document, without its wrapper.
    pub(super) fn document(&self, answer: &Answer<'_>) -> Result<Document, Error> {
        let document = answer
            .document()
            .map_err(|error| without_document(answer, error))?;
        Ok(match &self.client.terms.wrapper {
            Some(wrapper) if is_wrapped(&document, wrapper) => document.within(wrapper),
            _ => document,
        })
    }

    pub(super) fn refusal(&self, answer: &Answer<'_>, document: &Document) -> Error {
        let code = code_of(document).unwrap_or_default();
        let message = MESSAGES
            .iter()
            .find_map(|name| document.text(&[name]).filter(|text| !text.is_empty()))
            .unwrap_or_default();
        let refusal = Refusal {
            code: &code,
            message,
            status: answer.status(),
            after: answer.retry_after(),
            presented: self.presented(answer.request().step()),
        };
        match refusal.is_understood() {
            true => answer.refused(refusal.kind(), &code, message),
            false => answer.refused_in_another_format(refusal.kind(), &code, message),
        }
    }

    pub(super) fn without_token(&self, answer: &Answer<'_>, document: &Document) -> Error {
        match code_of(document) {
            Some(_) => self.refusal(answer, document),
            None => answer.not_understood("the answer has no usable access token"),
        }
    }

    fn presented(&self, step: Step) -> Presented {
        match (step, self.client.login) {
            (Step::Login, _) => Presented::ClientCredentials,
            (Step::Refresh, Login::ClientCredentials) => Presented::RenewableGrant,
            _ => Presented::Grant,
        }
    }
}

/// A refusal may come without the wrapper, or with an empty one.
fn is_wrapped(document: &Document, wrapper: &str) -> bool {
    let fields = ["access_token", "refresh_token", "error"];
    fields
        .iter()
        .any(|field| document.has(&[&format!("{wrapper}.{field}")]))
}

/// Returns whether there is an `error` of RFC 6749, possibly nested. Some servers write
/// `"error": 0` or `false` into a success.
pub(super) fn has_error(document: &Document) -> bool {
    let says_none = |code: &str| ["", "0", "200", "false"].contains(&code);
    document.has(&["error"])
        && ["error", "error.code", "error.type"]
            .into_iter()
            .filter_map(|name| document.code(&[name]))
            .any(|code| !says_none(&code))
}

fn code_of(document: &Document) -> Option<String> {
    CODES
        .iter()
        .filter_map(|name| document.code(&[name]))
        .find(|code| !["", "0", "200"].contains(&code.as_str()))
}

/// A 401 is about the client (RFC 6749 section 5.2) even if a gateway sent it without JSON. A text
/// may ask to retry later.
fn without_document(answer: &Answer<'_>, error: Error) -> Error {
    if answer.status() == StatusCode::UNAUTHORIZED {
        return answer.error(ErrorKind::Config, "the client was not authenticated");
    }
    let refused = answer.status().is_client_error() && error.kind() == ErrorKind::Protocol;
    let text = String::from_utf8_lossy(answer.body());
    if refused && codes::asks_to_retry(&text) {
        let after = answer.retry_after();
        return error.as_kind(ErrorKind::Transient { after });
    }
    error
}
