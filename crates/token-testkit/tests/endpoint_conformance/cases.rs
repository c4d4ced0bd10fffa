//! How the suite reports cases that do not hold, and cases that are malformed.

use super::*;

const ISSUED: &str = r#"{"source":"s","asks":"answer",
    "answer":{"body":"{\"token\":\"t-12345678\",\"ttl\":9}"},"expect":{"issued":{}}}"#;

/// Returns the report on a case, next to a good one.
fn said_of(name: &str, case: &str) -> String {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    for (case, text) in [("good", ISSUED), ("odd", case)] {
        std::fs::create_dir_all(folder.join(case)).unwrap();
        std::fs::write(folder.join(case).join("case.json"), text).unwrap();
    }
    message_of(|| {
        EndpointSuite::new(|name| Acme::new(name, Flaw::None), folder, &[API_KEY])
            .every_case_holds();
    })
}

#[test]
fn every_failing_case_is_reported_with_what_differs() {
    let found = said_of(
        "differs",
        r#"{"source":"s","asks":"refresh","token":{"access":"old-access","refresh":"old-refresh"},
            "request":{"method":"GET","body":"x=1"},
            "answer":{"status":400,"body":"{\"error\":\"frozen\"}"},"expect":{"error":{"kind":"Rejected","code":"1"}}}"#,
    );
    for part in [
        "4 found:",
        "odd: request.method:\n      expected GET\n      but saw  POST",
        "odd: request.body:\n      expected x=1\n      but saw  refresh_token=old-refresh",
        "odd: error.kind:\n      expected Rejected\n      but saw  Locked",
        "odd: error.code:\n      expected 1\n      but saw  frozen",
    ] {
        assert!(found.contains(part), "{found}");
    }
}

#[test]
fn a_verdict_that_differs_is_reported_with_its_wait() {
    let case = |body: &str, verdict: &str| {
        format!(
            r#"{{"source":"s","asks":"judge","answer":{{"body":"{{\"error\":\"{body}\"}}"}},
                "expect":{{"verdict":{verdict}}}}}"#
        )
    };
    let found = said_of("refused", &case("stale_token", r#"{"name":"Accepted"}"#));
    assert!(
        found.contains("expected Accepted\n      but saw  TokenRefused"),
        "{found}"
    );
    let throttled = r#"{"name":"Throttled","after_seconds":8}"#;
    let found = said_of("throttled", &case("slow_down", throttled));
    assert!(
        found.contains("expected 8000 ms\n      but saw  7000 ms"),
        "{found}"
    );
}

#[test]
fn a_malformed_case_is_named_with_what_is_wrong() {
    for (name, case, part) in [
        ("cut", "{", "case odd: is not valid JSON"),
        (
            "unknown",
            r#"{"source":"s","asks":"login","expects":{}}"#,
            "case odd: has an unknown field `expects`",
        ),
        (
            "deep",
            r#"{"source":"s","asks":"answer","answer":{"body":"","stauts":1},"expect":{"issued":{}}}"#,
            "case odd: has an unknown field `answer.stauts`",
        ),
        (
            "source",
            r#"{"asks":"login","request":{}}"#,
            "case odd: `source` must be present",
        ),
        (
            "vain",
            r#"{"source":"s","asks":"login"}"#,
            "case odd: checks nothing",
        ),
        (
            "kind",
            r#"{"source":"s","asks":"login","expect":{"error":{"kind":"Gone"}}}"#,
            "the kind `Gone` is not one of",
        ),
        (
            "verdict",
            r#"{"source":"s","asks":"judge","answer":{},"expect":{"verdict":{"name":"Refused"}}}"#,
            "the verdict `Refused` is not one of",
        ),
        (
            "no_verdict",
            r#"{"source":"s","asks":"judge","answer":{},"expect":{"issued":{}}}"#,
            "`verdict` and `\"asks\": \"judge\"` go together",
        ),
        (
            "placement",
            r#"{"source":"s","asks":"login","token":{"placement":"path"},"request":{}}"#,
            "`token.placement` must be",
        ),
        (
            "twice",
            r#"{"source":"s","source":"t","asks":"login","request":{}}"#,
            "is not valid JSON (NotJson)",
        ),
    ] {
        let found = said_of(name, case);
        assert!(found.contains(part), "{name}: {found}");
    }
}

#[test]
fn a_suite_that_would_look_at_nothing_is_refused() {
    let build = |name: &str| Acme::new(name, Flaw::None);
    let empty = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/acme/login");
    let found = message_of(move || drop(EndpointSuite::new(build, empty, &[])));
    assert!(found.contains("has no case"), "{found}");
    let found = message_of(move || drop(EndpointSuite::new(build, DATA, &["short"])));
    assert!(found.contains("eight characters"), "{found}");
}
