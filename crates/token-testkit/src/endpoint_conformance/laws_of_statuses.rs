//! A status that no vendor's own format explains is read the same everywhere.

use std::time::Duration;

use super::differences::kind_name;
use super::suite::{EndpointSuite, report};
use super::trial::{Seen, Trial};
use token_core::ErrorKind;

const ELSEWHERE: &str = "elsewhere.example";
const PAGE: &str =
    "<!doctype html>\n<html><head><title>Sign in</title></head><body>Welcome</body></html>";

impl EndpointSuite {
    /// A captive portal or a login page instead of the answer is retryable, or in doubt if the
    /// request may have spent something.
    // FAULTS.md rows 22 and 50
    pub fn a_web_page_with_200_is_retryable(&self) {
        let headers = [("content-type", "text/html; charset=utf-8")];
        report(self.different_trials().iter().filter_map(|trial| {
            let seen = trial.read_body(200, &headers, PAGE.as_bytes());
            let wanted = trial.in_doubt_or(ErrorKind::Transient { after: None });
            unless_kind(trial, "a web page with 200", &seen, wanted)
        }));
    }

    /// 5xx and 408 are transient and 429 is throttled, whatever the body. If an intermediary gave
    /// up (408, 502, 504), a refresh or a redemption is in doubt. `Retry-After` is obeyed, up to an
    /// hour.
    // FAULTS.md rows 32 and 50
    pub fn server_failures_are_retryable_and_retry_after_is_obeyed(&self) {
        report(self.trials().iter().flat_map(server_failures));
    }

    /// A redirect is a protocol error that shows only the host of its target.
    // FAULTS.md row 29
    pub fn a_redirect_is_a_protocol_error_that_names_the_host_only(&self) {
        report(self.different_trials().iter().flat_map(redirects));
    }
}

fn server_failures(trial: &Trial<'_>) -> Vec<String> {
    let own = trial
        .case
        .answer
        .as_ref()
        .map(|answer| answer.body().as_ref());
    let bodies = [Some(b"".as_slice()), Some(PAGE.as_bytes()), own];
    let waits = [
        ("", None),
        ("7", Some(7)),
        ("1000000", Some(3600)),
        ("soon", None),
    ];
    let mut found = Vec::new();
    for body in bodies.into_iter().flatten() {
        for status in [408, 500, 502, 503, 504, 429] {
            for (value, seconds) in waits {
                let after = seconds.map(Duration::from_secs);
                let wanted = match status {
                    429 => ErrorKind::Throttled { after },
                    408 | 502 | 504 => trial.in_doubt_or(ErrorKind::Transient { after }),
                    _ => ErrorKind::Transient { after },
                };
                let seen = trial.read_body(status, &[("retry-after", value)], body);
                let what = format!("{status} with Retry-After `{value}`");
                found.extend(unless_kind(trial, &what, &seen, wanted));
                found.extend(unless_after(trial, &what, &seen, after));
            }
        }
    }
    found
}

fn redirects(trial: &Trial<'_>) -> Vec<String> {
    let secret = token_core::percent_encode(trial.token.refresh_credential().expose());
    let location = format!("https://{ELSEWHERE}/collect?refresh_token={secret}");
    [301, 302, 303, 307, 308]
        .into_iter()
        .filter_map(|status| {
            let seen = trial.read_body(status, &[("location", &location)], b"");
            let what = format!("a redirect with {status}");
            if let Some(other) = unless_kind(trial, &what, &seen, ErrorKind::Protocol) {
                return Some(other);
            }
            let error = seen.error()?;
            let told = format!("{error} {error:?}");
            let fine = error.host() == Some(ELSEWHERE)
                && !told.contains("collect")
                && !told.contains("refresh_token");
            (!fine).then(|| {
                format!(
                    "{}: {what} must name its host and no more: {told}",
                    trial.case.name
                )
            })
        })
        .collect()
}

fn unless_kind(trial: &Trial<'_>, what: &str, seen: &Seen, wanted: ErrorKind) -> Option<String> {
    let wants = || format!("{} (after {:?})", kind_name(wanted), wanted.retry_after());
    let other = seen.kind() != Some(wanted);
    other.then(|| {
        format!(
            "{}: {what}: expected {}, but saw {}",
            trial.case.name,
            wants(),
            seen.describe()
        )
    })
}

fn unless_after(
    trial: &Trial<'_>,
    what: &str,
    seen: &Seen,
    wanted: Option<Duration>,
) -> Option<String> {
    let told = seen.error().and_then(token_core::Error::retry_after);
    (told != wanted).then(|| {
        format!(
            "{}: {what}: expected to wait {wanted:?}, but saw {told:?}",
            trial.case.name
        )
    })
}
