//! `vendor-auth sim fault`.

use super::{called, new_user, seen};
use crate::simulator::Simulator;

#[test]
fn an_outage_is_lived_through() {
    let home = new_user();
    let _sim = Simulator::start(&home, &[]);
    let token = home.run(&["token", "demo"]).ok().to_owned();
    let told = home.run(&["sim", "fault", "outage", "--profile", "demo"]);
    assert_eq!(
        told.ok(),
        "OAuth 2.0: outage until `vendor-auth sim fault none`\n"
    );
    assert_eq!(seen(&home, "demo")["fault"], "outage");
    assert_eq!(seen(&home, "demo-enos")["fault"], "none");
    // The stored token is valid, so nobody notices.
    assert_eq!(home.run(&["token", "demo"]).ok(), token);
    let forced = home.run(&["token", "demo", "--force", "--timeout", "1"]);
    forced.failed(75);
    home.run(&["token", "demo-enos"]).ok();
    assert!(
        home.run(&["sim", "fault", "none"])
            .ok()
            .contains("OAuth 2.0: all is well\n")
    );
    assert_ne!(home.run(&["token", "demo", "--force"]).ok(), token);
}

#[test]
fn each_fault_has_its_exit_code() {
    let home = new_user();
    let _sim = Simulator::start(&home, &[]);
    let codes = [
        ("503", 75),
        ("429", 75),
        ("500", 75),
        ("cut", 75),
        ("lost-answer", 75),
        ("half-answer", 75),
        ("html", 75),
        ("disabled", 78),
    ];
    for (kind, code) in codes {
        home.run(&["sim", "fault", kind, "--profile", "demo", "--for", "3600"])
            .ok();
        let ran = home.run(&["token", "demo", "--force", "--timeout", "1"]);
        assert_eq!(ran.code, code, "{kind}: {ran:?}");
    }
    home.run(&["sim", "fault", "none"]).ok();
    home.run(&["token", "demo", "--force"]).ok();
}

#[test]
fn tokens_and_grants_are_revoked_and_a_clock_is_set() {
    let home = new_user();
    let sim = Simulator::start(&home, &[]);
    let url = sim.resource_url();
    let header = |force: &[&str]| {
        let arguments = [&["token", "demo", "-o", "header"], force].concat();
        home.run(&arguments).ok().to_owned()
    };
    home.run(&["token", "demo-refresh"]).ok();
    assert_eq!(called(&url, &header(&[])), "HTTP/1.1 200 OK");
    assert!(
        home.run(&["sim", "fault", "revoke"])
            .ok()
            .contains("EnOS: revoke, done\n")
    );
    assert!(called(&url, &header(&[])).contains(" 401 "));
    assert_eq!(called(&url, &header(&["--force"])), "HTTP/1.1 200 OK");
    home.run(&["sim", "fault", "clock-skew", "--seconds", "400"])
        .ok();
    assert!(called(&url, &header(&[])).contains(" 401 "));
    home.run(&["sim", "fault", "none"]).ok();
    assert_eq!(called(&url, &header(&[])), "HTTP/1.1 200 OK");
    home.run(&["sim", "fault", "revoke-grant"]).ok();
    home.run(&["token", "demo-refresh", "--force"]).failed(77);
}

#[test]
fn a_fault_ends_by_itself() {
    let home = new_user();
    let mut sim = Simulator::start(&home, &[]);
    home.run(&["sim", "fault", "503", "--times", "2", "--seconds", "0"])
        .ok();
    home.run(&["token", "demo"]).ok();
    let lines = [sim.line(), sim.line(), sim.line()];
    assert!(lines[1].ends_with("login: failed as asked\n"), "{lines:?}");
    assert!(lines[2].ends_with("login: a new token\n"), "{lines:?}");
    home.run(&["sim", "fault", "outage", "--for", "1"]).ok();
    assert_eq!(seen(&home, "demo")["fault"], "outage");
    // Each question is a process, so this is no busy loop.
    while seen(&home, "demo")["fault"] == "outage" {}
    home.run(&["token", "demo", "--force"]).ok();
}

#[test]
fn a_fault_that_makes_no_sense_is_explained() {
    let home = new_user();
    let _sim = Simulator::start(&home, &[]);
    let cases = [
        (
            &["outage", "--times", "2"][..],
            "counts no requests; write --for SECONDS",
        ),
        (
            &["revoke", "--for", "2"],
            "happens once; remove --for and --times",
        ),
        (
            &["503", "--profile", "x"],
            "the simulator has no profile `x`; it has: demo, ",
        ),
        (
            &["503", "--seconds", "-1"],
            "--seconds must not be negative",
        ),
        (
            &["clock-skew", "--seconds=-9223372036854775808"],
            "is not in -31536000..=31536000",
        ),
        (
            &["outage", "--for", "18446744073709551615"],
            "is not in 0..=31536000",
        ),
        (&["earthquake"], "possible values: none, outage, 503, 429"),
    ];
    for (arguments, expected) in cases {
        let ran = home.run(&[&["sim", "fault"], arguments].concat());
        assert!(ran.failed(64).contains(expected), "{ran:?}");
    }
}
