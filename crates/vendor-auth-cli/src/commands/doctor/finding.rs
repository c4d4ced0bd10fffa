//! What the checks found, and how it is printed.

use std::process::ExitCode;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::Serialize;

use crate::failure::TRY_LATER;
use crate::printable::printable;

/// The checks, in their order.
static CHECKS: [&str; 12] = [
    "configuration",
    "secrets",
    "store",
    "url",
    "proxy",
    "dns",
    "tcp",
    "tls",
    "http",
    "clock",
    "grant",
    "token request",
];

/// What one check found. It contains no secret.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Finding {
    check: &'static str,
    state: State,
    found: String,
    /// What to do.
    #[serde(skip_serializing_if = "Option::is_none")]
    advice: Option<String>,
    /// The exit code of this finding.
    exit_code: u8,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum State {
    Ok,
    Warning,
    Failed,
    Skipped,
}

/// The findings so far. Clones share them.
#[derive(Clone, Debug, Default)]
pub(super) struct Report(Arc<Mutex<Vec<Finding>>>);

impl Report {
    pub(super) fn ok(&self, check: &'static str, found: impl Into<String>) {
        self.add(check, State::Ok, found.into(), None, 0);
    }

    pub(super) fn warn(&self, check: &'static str, found: impl Into<String>, advice: &str) {
        self.add(check, State::Warning, found.into(), Some(advice), 0);
    }

    /// Adds what fails tokens with this exit code.
    pub(super) fn fail(
        &self,
        check: &'static str,
        code: u8,
        found: impl Into<String>,
        advice: &str,
    ) {
        let advice = (!advice.is_empty()).then_some(advice);
        self.add(check, State::Failed, found.into(), advice, code);
    }

    /// Adds what was not checked.
    pub(super) fn skip(&self, checks: &[&'static str], why: &str) {
        for check in checks {
            self.add(
                check,
                State::Skipped,
                format!("not checked: {why}"),
                None,
                0,
            );
        }
    }

    /// Skips all checks after the last one.
    pub(super) fn skip_the_rest(&self, why: &str) {
        self.skip(self.rest(), why);
    }

    /// Fails the check after the last one, which took too long, and skips the rest.
    pub(super) fn give_up(&self, limit: Duration) {
        if let Some(check) = self.rest().first() {
            let found = format!("it did not end: all checks may take {} s", limit.as_secs());
            let advice = "a file, a mount or a server may hang; repair it, or give --timeout";
            self.fail(check, TRY_LATER, found, advice);
        }
        self.skip_the_rest("there was no time left");
    }

    /// Returns the checks after the last one.
    fn rest(&self) -> &'static [&'static str] {
        let last = self.findings().last().map(|finding| finding.check);
        let done = CHECKS.iter().position(|check| Some(*check) == last);
        CHECKS
            .get(done.map_or(0, |index| index + 1)..)
            .unwrap_or_default()
    }

    fn findings(&self) -> MutexGuard<'_, Vec<Finding>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns whether one of these checks failed.
    pub(super) fn has_failed(&self, checks: &[&str]) -> bool {
        let failed = |finding: &Finding| finding.state == State::Failed;
        let findings = self.findings();
        let mut found = findings.iter().filter(|it| checks.contains(&it.check));
        found.any(failed)
    }

    /// Returns the code of the worst finding.
    pub(super) fn exit_code(&self) -> ExitCode {
        let findings = self.findings();
        let codes = findings.iter().map(|finding| finding.exit_code);
        ExitCode::from(codes.max().unwrap_or(0))
    }

    pub(super) fn to_json(&self) -> String {
        format!("{}\n", serde_json::json!(*self.findings()))
    }

    pub(super) fn to_text(&self, with_colours: bool) -> String {
        let line = |finding: &Finding| finding.to_text(with_colours);
        self.findings().iter().map(line).collect()
    }

    fn add(
        &self,
        check: &'static str,
        state: State,
        found: String,
        advice: Option<&str>,
        exit_code: u8,
    ) {
        self.findings().push(Finding {
            check,
            state,
            found,
            advice: advice.map(str::to_owned),
            exit_code,
        });
    }
}

impl Finding {
    fn to_text(&self, with_colours: bool) -> String {
        let (mark, colour) = match self.state {
            State::Ok => ("ok", "32"),
            State::Warning => ("warning", "33"),
            State::Failed => ("failed", "31"),
            State::Skipped => ("skipped", "2"),
        };
        let mark = match with_colours {
            true => format!("\x1b[{colour}m{mark:<7}\x1b[0m"),
            false => format!("{mark:<7}"),
        };
        let mut text = format!("{mark}  {:<13}  {}\n", self.check, printable(&self.found));
        if let Some(advice) = &self.advice {
            text.push_str(&format!("{:24} → {}\n", "", printable(advice)));
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_aligned_with_and_without_colours() {
        let report = Report::default();
        report.ok("configuration", "read");
        report.fail("secrets", 78, "not set", "set it");
        report.skip_the_rest("of that");
        let text = report.to_text(false);
        let expected = "ok       configuration  read\n\
                        failed   secrets        not set\n\
                        \u{20}                        → set it\n\
                        skipped  store          not checked: of that\n";
        assert!(text.starts_with(expected), "{text}");
        let coloured = report.to_text(true);
        assert!(coloured.contains("\x1b[31mfailed \x1b[0m  secrets        not set\n"));
    }
}
