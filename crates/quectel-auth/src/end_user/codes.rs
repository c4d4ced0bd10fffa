use std::time::Duration;

use token_core::json::Document;
use token_core::reexports::http::StatusCode;
use token_core::{Answer, Error, ErrorKind, Step};

use crate::reply::{Reply, service_failure};

/// 200 in the tables of every page, 0 in the samples. Neither counts without a token.
pub(super) const SUCCESSES: [&str; 2] = ["200", "0"];

/// "Account frozen, please try again after 20 minutes". The same holds for an address.
pub(super) const FROZEN_FOR: Duration = Duration::from_secs(20 * 60);
/// "Temporarily blocked … automatically lifted after 24 hours."
pub(super) const BLOCKED_FOR: Duration = Duration::from_secs(24 * 3600);

/// Returns the vendor's refusal, if the answer is one.
pub(super) fn refusal(answer: &Answer<'_>, document: &Document) -> Option<Error> {
    let reply = Reply::of(answer, document);
    let kind = kind(&reply.code, answer.request().step());
    let success = SUCCESSES.contains(&reply.code.as_str());
    (!success).then(|| reply.refusal(answer, kind))
}

/// Returns the error for a 401 without a document, such as a gateway's.
pub(super) fn unauthorized(answer: &Answer<'_>) -> Option<Error> {
    let code = answer.status();
    let kind = kind(code.as_str(), answer.request().step());
    (code == StatusCode::UNAUTHORIZED)
        .then(|| answer.refused_in_another_format(kind, code.as_str(), ""))
}

/// Returns the kind of error for a code. Sources: the response status tables of "Email Password
/// Login", "Phone Number and Password Login" and "User Logout", and the error table of the app API.
/// For 5032 on a refresh, existing apps take the refresh token to be dead.
fn kind(code: &str, step: Step) -> ErrorKind {
    if let Some(kind) = service_failure(code) {
        return kind;
    }
    match code {
        "5147" | "5148" => ErrorKind::Locked { after: FROZEN_FOR },
        "5325" => ErrorKind::Locked { after: BLOCKED_FOR },
        // The token is invalid or expired; the refresh token is missing.
        "5032" | "5115" | "401" => ErrorKind::Rejected,
        // No such email address, phone number or account; wrong password, with one to four attempts
        // left for each kind of login.
        "5004" | "5031" | "5033" | "5047" | "5101" => ErrorKind::Rejected,
        "5028" | "5579" | "5580" | "5581" | "5582" | "5583" | "5584" | "5585" | "5586" => {
            ErrorKind::Rejected
        }
        // Wrong name or password; authentication failed; wrong password, with the attempts left in
        // the text.
        "5005" | "5012" | "5097" | "5144" | "5146" => ErrorKind::Rejected,
        // Malformed phone number, email address or password; wrong SMS code.
        "5019" | "5040" | "5056" | "5003" | "5037" => ErrorKind::Rejected,
        // The user domain is malformed, unknown or disabled; the signature, made with its secret,
        // is wrong.
        "5013" | "5015" | "5104" | "5420" => ErrorKind::Config,
        // A parameter is missing: phone, password, domain, email, signature or token. The timestamp
        // is malformed.
        "5021" | "5022" | "5023" | "5026" | "5550" | "5106" | "5145" => ErrorKind::Config,
        // No permission; the country code of another data centre.
        "5041" | "403" | "404" | "6084" | "6085" => ErrorKind::Config,
        // Not documented. A password is never sent again automatically, since each failure counts.
        _ if step == Step::Redemption => ErrorKind::Rejected,
        // Not documented, so a refresh token that may be good is not given up.
        _ => ErrorKind::Protocol,
    }
}
