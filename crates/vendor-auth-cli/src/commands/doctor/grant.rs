//! The grant: what the store and the last failure say, and with `--send` the vendor itself.

use tokio::time::timeout;
use vendor_auth::types::Timestamp;

use super::Checks;
use super::finding::Report;
use crate::commands::status::relative;
use crate::failure::LOG_IN;
use crate::grant::{self, Grant, Wanted};
use crate::last_failure::{Failed, LastFailure};
use crate::life::{Life, State};

const CHECK: &str = "grant";
const REQUEST: &str = "token request";
/// What a token request needs.
const NEEDED: [&str; 7] = ["secrets", "store", "dns", "tcp", "tls", "http", "grant"];

pub(super) async fn check(checks: &Checks<'_>, report: &Report) {
    if report.has_failed(&["store"]) {
        return report.skip(&[CHECK], "the store cannot be used");
    }
    let Ok(grant) = Grant::open_offline(checks.config, checks.profile) else {
        return report.skip(&[CHECK], "the store cannot be used");
    };
    let Ok(life) = timeout(checks.within, grant.life()).await else {
        return report.skip(&[CHECK], "the store does not answer");
    };
    let last = LastFailure::of(checks.profile, grant.tokens.key()).read();
    judge(checks, &life, last.as_ref(), report);
}

fn judge(checks: &Checks<'_>, life: &Life, last: Option<&Failed>, report: &Report) {
    let now = grant::now();
    let log_in = format!("log in again{}", checks.profile.log_in_again());
    if let Some(refused) = last.filter(|last| last.code == LOG_IN) {
        return report.fail(CHECK, LOG_IN, failed(refused, now), &log_in);
    }
    if life.state == State::LoginRequired {
        let found = "there is none, or it has ended: a person must log in";
        return report.fail(CHECK, LOG_IN, found, &log_in);
    }
    let Some(last) = last else {
        return report.ok(CHECK, in_words(life, now));
    };
    match last.vendor_pause_left(now) {
        Some(left) => {
            let found = format!(
                "no request is sent for {} s more: {}",
                left.as_secs_f64().ceil(),
                failed(last, now)
            );
            let advice = "wait; each try before that may lengthen it";
            report.fail(CHECK, last.code, found, advice);
        }
        None => {
            let found = format!("{}; {}", in_words(life, now), failed(last, now));
            report.warn(
                CHECK,
                found,
                "the next command that needs a token tries again",
            );
        }
    }
}

fn in_words(life: &Life, now: Timestamp) -> String {
    let ends = life.expires_at.map(|at| relative(at, now));
    match (life.state, ends) {
        (State::Valid | State::RefreshDue, Some(ends)) => {
            format!("the token is {}, and expires {ends}", life.text())
        }
        (State::Valid | State::RefreshDue, None) => format!("the token is {}", life.text()),
        _ => "no valid token is stored; the next command requests one".to_owned(),
    }
}

fn failed(last: &Failed, now: Timestamp) -> String {
    format!(
        "the last failure, {}: {}",
        relative(last.at(), now),
        last.message
    )
}

/// Makes one token request, if that was asked for and can succeed.
pub(super) async fn request(checks: &Checks<'_>, send: bool, report: &Report) {
    if !send {
        let why = "--send makes one, and a wrong secret may count against the account";
        return report.skip(&[REQUEST], why);
    }
    if report.has_failed(&NEEDED) {
        return report.skip(&[REQUEST], "it cannot succeed");
    }
    let wanted = Wanted {
        force: true,
        within: checks.within,
        ..Wanted::default()
    };
    // It ends by itself, after the answer is stored: a refresh token must not be lost.
    match Grant::token(checks.config, checks.profile, wanted).await {
        Ok(_) => report.ok(REQUEST, "the vendor issued a token"),
        Err(failure) => {
            let advice = advice(failure.code());
            report.fail(REQUEST, failure.code(), failure.to_string(), advice);
        }
    }
}

fn advice(code: u8) -> &'static str {
    match code {
        crate::failure::CONFIG => "correct the secret, the client or the URL of this profile",
        _ => "",
    }
}
