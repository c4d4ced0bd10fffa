//! What is logged and shown while the token is in a header, the query or the form.

use std::sync::{Mutex, PoisonError};

use http::HeaderName;
use log::{Level, LevelFilter, Log, Metadata, Record};
use token_core::TokenPlacement;
use token_testkit::ApiRefusal;

use crate::api::Vendor;

/// What the vendor's tokens begin with.
const SECRET: &str = "s3cr3t";
static LINES: Mutex<Vec<(Level, String, String)>> = Mutex::new(Vec::new());

struct Collector;

impl Log for Collector {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn log(&self, record: &Record<'_>) {
        let line = (
            record.level(),
            record.target().to_owned(),
            record.args().to_string(),
        );
        LINES
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(line);
    }

    fn flush(&self) {}
}

fn lines() -> Vec<(Level, String, String)> {
    LINES.lock().unwrap_or_else(PoisonError::into_inner).clone()
}

fn calls() -> String {
    let mut shown = String::new();
    for placement in [
        TokenPlacement::Bearer,
        TokenPlacement::Header(HeaderName::from_static("apim-accesstoken")),
        TokenPlacement::Query("access_token".into()),
        TokenPlacement::Form("access_token".into()),
    ] {
        let vendor = Vendor::with(ApiRefusal::Code, placement);
        let agent = vendor.agent();
        agent.post(vendor.url()).send_form([("a", "1")]).unwrap();
        vendor.vendor.revoke();
        agent.post(vendor.url()).send_form([("a", "1")]).unwrap();
        vendor.vendor.revoke();
        let error = agent
            .post(vendor.url())
            .send_form([("a", "1")])
            .unwrap_err();
        shown += &format!("{agent:?} {error} {error:?}");
    }
    shown
}

#[test]
fn no_secret_is_logged_above_trace_or_shown() {
    log::set_logger(&Collector).unwrap();
    log::set_max_level(LevelFilter::Debug);
    let shown = calls();
    assert!(!shown.contains(SECRET), "{shown}");
    let logged = lines();
    assert!(
        logged
            .iter()
            .any(|(_, target, _)| target.starts_with("ureq"))
    );
    let leaks = |(_, _, text): &&(Level, String, String)| text.contains(SECRET);
    assert_eq!(logged.iter().find(leaks), None);

    // At TRACE, ureq logs the URL with its query, and ureq-proto each byte that is sent: the README
    // says so. If this fails, the README is too cautious.
    log::set_max_level(LevelFilter::Trace);
    calls();
    let leaking: std::collections::BTreeSet<_> = lines()
        .into_iter()
        .filter(|(_, target, text)| text.contains(SECRET) || target == "ureq_proto::util")
        .map(|(_, target, _)| target)
        .collect();
    log::set_max_level(LevelFilter::Off);
    let leaking: Vec<_> = leaking.iter().map(String::as_str).collect();
    assert_eq!(leaking, ["ureq::run", "ureq_proto::util"]);
}
