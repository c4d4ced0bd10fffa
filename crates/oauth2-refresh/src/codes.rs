//! The meaning of OAuth 2.0 error codes.
//!
//! Sources: RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 7009 section 2.2.1, RFC
//! 8628 section 3.5, RFC 8707 section 2, OpenID Connect Core section 3.1.2.6; the wording of Spring
//! Security OAuth2, which BambooCloud and OneAccess use; and the codes that GitHub and Slack
//! document for their token endpoints. For any other code, the HTTP status decides.

use std::time::Duration;

use token_core::ErrorKind;
use token_core::reexports::http::StatusCode;

/// What the refused request presented.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Presented {
    /// A user's grant: a refresh token or a one-time code.
    Grant,
    /// A refresh token of a client that can log in again by itself.
    RenewableGrant,
    /// The client's own credentials.
    ClientCredentials,
}

/// A refusal as the server wrote it.
#[derive(Clone, Copy)]
pub(crate) struct Refusal<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) after: Option<Duration>,
    pub(crate) presented: Presented,
}

impl Refusal<'_> {
    /// Returns whether the server used a known code or text. Otherwise the status decides, and a
    /// gateway may have sent it.
    pub(crate) fn is_understood(self) -> bool {
        self.stated() != Meaning::Unknown
    }

    pub(crate) fn kind(self) -> ErrorKind {
        let after = self.after;
        match self.meaning() {
            Meaning::Transient => ErrorKind::Transient { after },
            Meaning::Throttled => ErrorKind::Throttled { after },
            // A client that logs in for itself has no grant that a person could renew.
            Meaning::RevokedGrant if self.presented == Presented::ClientCredentials => {
                ErrorKind::Config
            }
            Meaning::RevokedGrant => ErrorKind::Rejected,
            // A new login is cheap, so it is tried first.
            Meaning::BadRequest | Meaning::Unknown
                if self.presented == Presented::RenewableGrant =>
            {
                ErrorKind::Rejected
            }
            Meaning::BadConfig | Meaning::BadRequest => ErrorKind::Config,
            Meaning::Unknown => ErrorKind::Protocol,
        }
    }

    fn meaning(self) -> Meaning {
        match self.stated() {
            Meaning::Unknown => meaning_of_status(self.status),
            known => known,
        }
    }

    /// Returns the meaning of code and message, whatever the status.
    fn stated(self) -> Meaning {
        if self.is_a_collision() {
            return Meaning::Transient;
        }
        let by_code = match self.status.canonical_reason() == Some(self.code) {
            // Spring Boot's own error page repeats the status as the code.
            true => Meaning::Unknown,
            false => meaning_of(self.code),
        };
        match by_code {
            Meaning::Unknown | Meaning::BadRequest => {
                meaning_of_message(self.message).unwrap_or(by_code)
            }
            known => known,
        }
    }

    /// Salesforce refuses the second of two concurrent refreshes with the code of a revoked grant,
    /// as documented in its release notes ("Refresh Token Flow API error response", 252).
    fn is_a_collision(self) -> bool {
        let message = self.message.to_ascii_lowercase();
        compact(self.code) == "invalidgrant"
            && message.contains("token request is already being processed")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    RevokedGrant,
    BadConfig,
    /// `invalid_request`, `unauthorized`: a wrong configuration, unless the message says otherwise.
    BadRequest,
    Transient,
    Throttled,
    Unknown,
}

/// Removes case and punctuation, since servers write `invalid_grant`, `INVALID_GRANT` and
/// `InvalidGrant`.
fn compact(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

fn meaning_of(code: &str) -> Meaning {
    let code = compact(code);
    match code.as_str() {
        // Spring answers an expired refresh token with 401 `invalid_token`.
        "invalidgrant" | "invalidtoken" | "accessdenied" => Meaning::RevokedGrant,
        "loginrequired"
        | "interactionrequired"
        | "consentrequired"
        | "accountselectionrequired" => Meaning::RevokedGrant,
        "badverificationcode" | "invalidcode" => Meaning::RevokedGrant, // GitHub, Slack
        "expiredtoken" | "tokenexpired" | "tokenrevoked" | "tokeninactive" => Meaning::RevokedGrant,
        "grantexpired" | "grantrevoked" | "grantnotfound" => Meaning::RevokedGrant,

        "invalidclient" | "unauthorizedclient" => Meaning::BadConfig,
        "invalidscope" | "insufficientscope" | "invalidtarget" => Meaning::BadConfig,
        "unsupportedgranttype" | "unsupportedresponsetype" | "unsupportedtokentype" => {
            Meaning::BadConfig
        }
        "redirecturimismatch" => Meaning::BadConfig, // Spring, GitHub
        "incorrectclientcredentials" => Meaning::BadConfig, // GitHub
        "badclientsecret" | "invalidclientid" => Meaning::BadConfig, // Slack
        "invalidrequest" | "unauthorized" => Meaning::BadRequest,

        "temporarilyunavailable" | "servererror" => Meaning::Transient,
        "slowdown" | "ratelimited" | "ratelimitexceeded" | "toomanyrequests" => Meaning::Throttled,
        _ if names_a_revoked_grant(&code) => Meaning::RevokedGrant,
        _ => Meaning::Unknown,
    }
}

/// Returns whether a code such as `refresh_token_expired`, `refresh_token_reused`,
/// `bad_refresh_token` or `session_not_found` names a revoked grant.
fn names_a_revoked_grant(compact: &str) -> bool {
    const ENDS: [&str; 12] = [
        "expired",
        "reused",
        "revoked",
        "invalid",
        "notfound",
        "used",
        "unknown",
        "inactive",
        "terminated",
        "bad",
        "missing",
        "notactive",
    ];
    let about = compact.contains("refreshtoken") || compact.contains("session");
    about && ENDS.iter().any(|end| compact.contains(end))
}

/// Returns whether a text asks to retry later.
pub(crate) fn asks_to_retry(text: &str) -> bool {
    meaning_of_message(text) == Some(Meaning::Transient)
}

fn meaning_of_message(message: &str) -> Option<Meaning> {
    let message = message.to_ascii_lowercase();
    let has = |words: &[&str]| words.iter().any(|word| message.contains(word));
    let about_a_grant = has(&[
        "refresh token",
        "refresh_token",
        "refreshtoken",
        "session",
        "authorization code",
        "grant ",
    ]);
    let about_its_type = has(&[
        "grant type",
        "grant_type",
        "required",
        "missing",
        "parameter",
    ]);
    if about_a_grant && !about_its_type && has(&DEAD_WORDS) {
        return Some(Meaning::RevokedGrant);
    }
    if has(&["rate limit", "too many requests", "slow down"]) {
        return Some(Meaning::Throttled);
    }
    let asks_for_a_login = has(&["log in", "login", "sign in", "signin", "authorize"]);
    (has(&LATER_WORDS) && !asks_for_a_login).then_some(Meaning::Transient)
}

const DEAD_WORDS: [&str; 16] = [
    "invalid",
    "expired",
    "revoked",
    "not found",
    "reused",
    "reuse",
    "already used",
    "already been used",
    "not exist",
    "n't exist",
    "unknown",
    "inactive",
    "not active",
    "terminated",
    "no longer",
    "not recognized",
];
const LATER_WORDS: [&str; 7] = [
    "please retry",
    "try again",
    "retry later",
    "temporarily",
    "timed out",
    "overloaded",
    "unavailable",
];

/// Returns the meaning of a status. RFC 6749 section 5.2 reserves 401 for a client that was not
/// authenticated, and a missing path is a wrong configuration. Otherwise an unknown code must not
/// end a grant: it stays unknown, and the live token is used until a later attempt.
fn meaning_of_status(status: StatusCode) -> Meaning {
    match status {
        StatusCode::UNAUTHORIZED => Meaning::BadConfig,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            Meaning::BadConfig
        }
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests;
