//! What an OAuth 2.0 error code means.
//!
//! Sources: RFC 6749 sections 4.1.2.1 and 5.2, RFC 6750 section 3.1, RFC 7009 section 2.2.1, RFC
//! 8628 section 3.5, RFC 8707 section 2, OpenID Connect Core section 3.1.2.6; the wording of Spring
//! Security OAuth2, which BambooCloud and OneAccess answer with; and the codes that GitHub and
//! Slack document for their token endpoints. The code is an open string: what is not here is judged
//! by the status.

use std::time::Duration;

use token_core::ErrorKind;
use token_core::reexports::http::StatusCode;

/// What a refusal was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    /// Something of the user's: a refresh token, a one-time code.
    WithGrant,
    /// A refresh token of a client that can log in anew by itself.
    WithRenewableGrant,
    /// The client itself, with nothing but its own credentials.
    AsClient,
}

/// A refusal as the vendor wrote it.
#[derive(Clone, Copy)]
pub(crate) struct Refusal<'a> {
    pub(crate) code: &'a str,
    pub(crate) message: &'a str,
    pub(crate) status: StatusCode,
    pub(crate) after: Option<Duration>,
    pub(crate) asked: Asked,
}

impl Refusal<'_> {
    /// Whether the server said it in words that it documents; else the status decides, which a
    /// gateway may have written.
    pub(crate) fn is_understood(self) -> bool {
        self.said() != Meaning::Unknown
    }

    pub(crate) fn kind(self) -> ErrorKind {
        let after = self.after;
        match self.meaning() {
            Meaning::Later => ErrorKind::Transient { after },
            Meaning::LessOften => ErrorKind::Throttled { after },
            // A client that asked for itself has no grant that a person could renew.
            Meaning::GrantIsDead if self.asked == Asked::AsClient => ErrorKind::Config,
            Meaning::GrantIsDead => ErrorKind::Rejected,
            // A new login costs nothing, so it is tried before the word is puzzled over.
            Meaning::AskedWrongly | Meaning::Unknown if self.asked == Asked::WithRenewableGrant => {
                ErrorKind::Rejected
            }
            Meaning::SetUpWrongly | Meaning::AskedWrongly => ErrorKind::Config,
            Meaning::Unknown => ErrorKind::Protocol,
        }
    }

    fn meaning(self) -> Meaning {
        match self.said() {
            Meaning::Unknown => meaning_of_status(self.status),
            known => known,
        }
    }

    /// What code and message say, whatever the status.
    fn said(self) -> Meaning {
        if self.is_a_collision() {
            return Meaning::Later;
        }
        let by_code = match self.status.canonical_reason() == Some(self.code) {
            // Spring Boot's own error page: the code is only the status again.
            true => Meaning::Unknown,
            false => meaning_of(self.code),
        };
        match by_code {
            Meaning::Unknown | Meaning::AskedWrongly => {
                meaning_of_message(self.message).unwrap_or(by_code)
            }
            known => known,
        }
    }

    /// Salesforce refuses the second of two refreshes at one time with the code of a dead grant.
    /// Documented in its release notes ("Refresh Token Flow API error response", 252).
    fn is_a_collision(self) -> bool {
        let message = self.message.to_ascii_lowercase();
        compact(self.code) == "invalidgrant"
            && message.contains("token request is already being processed")
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Meaning {
    GrantIsDead,
    SetUpWrongly,
    /// `invalid_request`, `unauthorized`: set up wrongly, unless the message says something else.
    AskedWrongly,
    Later,
    LessOften,
    Unknown,
}

/// Servers write one word in several ways: `invalid_grant`, `INVALID_GRANT`, `InvalidGrant`.
fn compact(code: &str) -> String {
    let letters = code.chars().filter(char::is_ascii_alphanumeric);
    letters.map(|letter| letter.to_ascii_lowercase()).collect()
}

fn meaning_of(code: &str) -> Meaning {
    let code = compact(code);
    match code.as_str() {
        // Spring answers an expired refresh token with 401 `invalid_token`.
        "invalidgrant" | "invalidtoken" | "accessdenied" => Meaning::GrantIsDead,
        "loginrequired"
        | "interactionrequired"
        | "consentrequired"
        | "accountselectionrequired" => Meaning::GrantIsDead,
        "badverificationcode" | "invalidcode" => Meaning::GrantIsDead, // GitHub, Slack
        "expiredtoken" | "tokenexpired" | "tokenrevoked" | "tokeninactive" => Meaning::GrantIsDead,
        "grantexpired" | "grantrevoked" | "grantnotfound" => Meaning::GrantIsDead,

        "invalidclient" | "unauthorizedclient" => Meaning::SetUpWrongly,
        "invalidscope" | "insufficientscope" | "invalidtarget" => Meaning::SetUpWrongly,
        "unsupportedgranttype" | "unsupportedresponsetype" | "unsupportedtokentype" => {
            Meaning::SetUpWrongly
        }
        "redirecturimismatch" => Meaning::SetUpWrongly, // Spring, GitHub
        "incorrectclientcredentials" => Meaning::SetUpWrongly, // GitHub
        "badclientsecret" | "invalidclientid" => Meaning::SetUpWrongly, // Slack
        "invalidrequest" | "unauthorized" => Meaning::AskedWrongly,

        "temporarilyunavailable" | "servererror" => Meaning::Later,
        "slowdown" | "ratelimited" | "ratelimitexceeded" | "toomanyrequests" => Meaning::LessOften,
        _ if names_a_dead_grant(&code) => Meaning::GrantIsDead,
        _ => Meaning::Unknown,
    }
}

/// `refresh_token_expired`, `refresh_token_reused`, `bad_refresh_token`, `session_not_found` and
/// what else servers call it.
fn names_a_dead_grant(compact: &str) -> bool {
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

/// Whether a text asks to come back later.
pub(crate) fn says_later(text: &str) -> bool {
    meaning_of_message(text) == Some(Meaning::Later)
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
        return Some(Meaning::GrantIsDead);
    }
    if has(&["rate limit", "too many requests", "slow down"]) {
        return Some(Meaning::LessOften);
    }
    let asks_for_a_login = has(&["log in", "login", "sign in", "signin", "authorize"]);
    (has(&LATER_WORDS) && !asks_for_a_login).then_some(Meaning::Later)
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

/// RFC 6749 section 5.2 keeps 401 for a client that was not authenticated, and a path that is not
/// there is the configuration's. For all else a word that nobody knows must not end a grant: it
/// stays "not understood", which is asked again and serves a live token meanwhile.
fn meaning_of_status(status: StatusCode) -> Meaning {
    match status {
        StatusCode::UNAUTHORIZED => Meaning::SetUpWrongly,
        StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE => {
            Meaning::SetUpWrongly
        }
        _ => Meaning::Unknown,
    }
}

#[cfg(test)]
mod tests;
