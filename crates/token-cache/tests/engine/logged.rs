//! What the program's log has: one line per matter, and no attempt as a warning of its own.

use tracing::Level;

use crate::acme::{Acme, Fault, IMPATIENT, MINUTE, Op, Setup, advance, ask};
use crate::program_log::Log;

fn of_level<'a>(lines: &'a [String], level: &str) -> Vec<&'a str> {
    let lines = lines.iter().map(String::as_str);
    lines.filter(|line| line.starts_with(level)).collect()
}

#[tokio::test(start_paused = true)]
async fn an_outage_is_one_warning_and_its_end_one_line() {
    let (log, _logging) = Log::begin(Level::INFO);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.fresh_cache().await;
    let began = log.lines();
    assert_eq!(began.len(), 1, "{began:?}");
    let first = &began[0];
    let parts = [
        "token_cache: refreshed",
        "key=acme/api.acme.example%2Fv1/user-17",
        "generation=1",
        "expires_at=2023-11-14T23:13:20Z",
    ];
    for part in parts {
        assert!(first.contains(part), "{part} in {first}");
    }
    for _ in 0..2 {
        advance(50 * MINUTE).await;
        setup.server.outage(Fault::status(503));
        for _ in 0..20 {
            ask(&cache).await;
            advance(MINUTE / 4).await;
        }
        let during = log.lines();
        assert_eq!(during.len(), 1, "{during:?}");
        assert!(during[0].starts_with("WARN token_cache: an exchange failed"));
        assert!(during[0].contains("status") || during[0].contains("refresh at"));
        setup.server.outage(None);
        advance(5 * MINUTE).await;
        ask(&cache).await;
        let after = log.lines();
        assert_eq!(
            of_level(&after, "INFO").len(),
            2,
            "over, refreshed: {after:?}"
        );
        assert!(after[0].contains("the outage is over"), "{after:?}");
        assert_eq!(after.len(), 2, "{after:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_grant_is_one_error_that_says_log_in_again() {
    let (log, _logging) = Log::begin(Level::INFO);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    log.lines();
    setup.server.revoke_grant();
    for _ in 0..20 {
        drop(cache.token_within(IMPATIENT).await);
        advance(MINUTE).await;
    }
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(
        lines[0].starts_with("ERROR token_cache: log in again"),
        "{lines:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_the_store_is_one_warning_and_its_end_one_line() {
    let (log, _logging) = Log::begin(Level::INFO);
    let setup = Setup::new(Acme::single_use());
    let cache = setup.due_cache().await;
    log.lines();
    setup.store.fail([Op::Commit]);
    ask(&cache).await;
    advance(10 * MINUTE).await;
    let lines = log.lines();
    let warned = of_level(&lines, "WARN");
    assert_eq!(warned.len(), 1, "{lines:?}");
    assert!(warned[0].contains("the store did not take the token"));
    setup.store.recover();
    advance(MINUTE).await;
    let lines = log.lines();
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(lines[0].contains("the store has the token: its outage is over"));
}

#[tokio::test(start_paused = true)]
async fn each_attempt_has_a_span_with_its_key_step_and_number() {
    let (log, _logging) = Log::begin(Level::DEBUG);
    let setup = Setup::new(Acme::single_use().and_login());
    let unreachable = Fault::Unsent(token_core::SendFailure::Connect);
    setup.server.then([unreachable]);
    drop(setup.cache().token().await.unwrap());
    let lines = log.lines();
    let key = "key=acme/api.acme.example%2Fv1/user-17";
    for (attempt, ended) in [(1, "failed"), (2, "answered")] {
        let is_it = |line: &&String| {
            let in_span = line.contains("exchange{key=acme/api.acme.example%2Fv1/user-17");
            in_span && line.contains(&format!("step=refresh attempt={attempt}"))
        };
        let found = lines.iter().find(is_it);
        let line = found.unwrap_or_else(|| panic!("attempt {attempt} with {key}: {lines:?}"));
        assert!(line.contains(ended), "{line}");
        assert!(line.starts_with("DEBUG"), "{line}");
    }
}
