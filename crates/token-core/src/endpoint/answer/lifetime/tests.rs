use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use proptest::prelude::*;

use super::*;
use crate::endpoint::attempt::Step;
use crate::endpoint::base_url::{BaseUrl, PlainHttp};
use crate::endpoint::request::Request;
use crate::endpoint::server_clock::ServerOffset;

const DEFAULT: Duration = Duration::from_secs(600);

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

/// Returns the validity and oddity for a body, requested at second 1000, with every field that
/// these tests use.
fn read(
    body: &str,
    access: &str,
    renewal: Renewal,
    offset_millis: i64,
) -> (Validity, Option<&'static str>) {
    let base = BaseUrl::parse("https://vendor.example", PlainHttp::Refused).unwrap();
    let request = Request::post(&base, "/t").build(Step::Refresh).unwrap();
    let response = http::Response::new(Bytes::from(body.to_owned()));
    let offset = ServerOffset::from_millis(offset_millis);
    let answer = Answer::new(&request, &response, at(1000), offset);
    let document = answer.document().unwrap();
    let lifetime = answer
        .lifetime()
        .seconds(&document, &["in"])
        .instant(&document, &["on", "at"])
        .jwt(&Secret::from(access))
        .refresh_in(&document, &["refresh_in"]);
    (lifetime.validity(renewal, DEFAULT), lifetime.oddity())
}

fn end(body: &str) -> i64 {
    read(body, "opaque", Renewal::RefreshToken, 0)
        .0
        .expires_at()
        .unix_seconds()
}

fn jwt(claims: &str) -> String {
    let part = |text: &str| BASE64_URL_SAFE_NO_PAD.encode(text);
    format!("{}.{}.x", part("{}"), part(claims))
}

// FAULTS.md rows 14 and 15
#[test]
fn a_clear_number_of_seconds_is_used() {
    for clear in ["3600", "3600.0", "\"3600\"", "\" 3600 \"", "3.6e3"] {
        let (validity, oddity) = read(
            &format!("{{\"in\":{clear}}}"),
            "opaque",
            Renewal::RefreshToken,
            0,
        );
        assert_eq!((validity.expires_at(), oddity), (at(4600), None), "{clear}");
    }
}

// FAULTS.md rows 14, 15 and 49
#[test]
fn an_absent_or_unreadable_expiry_becomes_the_default() {
    assert_eq!(end("{}"), 1600);
    assert_eq!(end("{\"in\":null}"), 1600);
    for unreadable in [
        "\"soon\"",
        "\"\"",
        "\"3600 seconds\"",
        "\"NaN\"",
        "true",
        "[]",
        "{}",
        "\"2025-10-01\"",
    ] {
        let body = format!("{{\"in\":{unreadable}}}");
        let (validity, oddity) = read(&body, "opaque", Renewal::Login, 0);
        assert_eq!(validity.expires_at(), at(1600), "{unreadable}");
        assert_eq!(
            oddity,
            Some("the token's expiry is unreadable"),
            "{unreadable}"
        );
        let by_jwt = read(&body, &jwt("{\"exp\":1300}"), Renewal::Login, 0).0;
        assert_eq!(by_jwt.expires_at(), at(1300), "{unreadable}");
    }
}

// FAULTS.md rows 15 and 17
#[test]
fn a_lifetime_is_limited_to_ten_years() {
    let ten_years = 1000 + 10 * 366 * 86_400;
    for huge in [
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "1e400",
        "\"1e400\"",
        "999999999999",
    ] {
        assert_eq!(end(&format!("{{\"in\":{huge}}}")), ten_years, "{huge}");
        assert_eq!(end(&format!("{{\"on\":{huge}}}")), ten_years, "{huge}");
    }
}

// FAULTS.md rows 14 and 49
#[test]
fn an_expiry_in_the_past_ends_a_token_only_if_it_has_no_refresh_token() {
    for over in [
        "{\"in\":0}",
        "{\"in\":-1}",
        "{\"in\":-9223372036854775808}",
        "{\"on\":0}",
        "{\"on\":999}",
        "{\"at\":\"1970-01-01T00:16:39Z\"}",
        "{\"in\":0.4}",
    ] {
        let (kept, oddity) = read(over, "opaque", Renewal::RefreshToken, 0);
        assert_eq!(kept.expires_at(), at(1600), "{over}");
        assert_eq!(
            oddity,
            Some("the token's expiry is zero, negative or in the past"),
            "{over}"
        );
        for renewal in [Renewal::Login, Renewal::Nothing] {
            let ended = read(over, "opaque", renewal, 0).0;
            assert_eq!(
                ended.at(at(1000)),
                crate::token::expiry::Freshness::Expired,
                "{over} {renewal:?}"
            );
        }
    }
    let by_jwt = read(
        "{\"in\":0}",
        &jwt("{\"exp\":1300}"),
        Renewal::RefreshToken,
        0,
    )
    .0;
    assert_eq!(by_jwt.expires_at(), at(1300));
    let past = read("{}", &jwt("{\"exp\":900}"), Renewal::RefreshToken, 0).0;
    assert_eq!(past.expires_at(), at(1600));
}

// FAULTS.md rows 17 and 69
#[test]
fn the_earliest_stated_expiry_is_used() {
    assert_eq!(end("{\"in\":3600,\"on\":2000}"), 2000);
    assert_eq!(end("{\"in\":500,\"on\":2000}"), 1500);
    assert_eq!(end("{\"on\":\"2000\"}"), 2000);
    assert_eq!(end("{\"on\":3000,\"at\":\"1970-01-01T00:30:00Z\"}"), 1800);
    assert_eq!(end("{\"at\":\"Thu, 01 Jan 1970 00:30:00 GMT\"}"), 1800);
    let claimed = read(
        "{\"in\":3600}",
        &jwt("{\"exp\":1300}"),
        Renewal::RefreshToken,
        0,
    )
    .0;
    assert_eq!(claimed.expires_at(), at(1300));
}

// FAULTS.md row 69
#[test]
fn seconds_and_milliseconds_are_both_instants() {
    assert_eq!(end("{\"on\":200000000000}"), 200_000_000);
    assert_eq!(end("{\"on\":\"200000000000\"}"), 200_000_000);
    assert_eq!(end("{\"on\":200000000}"), 200_000_000);
}

// FAULTS.md row 69
#[test]
fn instants_are_by_the_servers_clock() {
    for body in ["{\"on\":2000}", "{\"at\":\"1970-01-01T00:33:20Z\"}"] {
        assert_eq!(
            read(body, "opaque", Renewal::Login, 600_000).0.expires_at(),
            at(1400),
            "{body}"
        );
    }
    let claimed = read("{}", &jwt("{\"exp\":2000}"), Renewal::Login, 600_000).0;
    assert_eq!(claimed.expires_at(), at(1400));
}

// FAULTS.md row 105
#[test]
fn a_token_that_nothing_can_renew_needs_no_expiry() {
    assert_eq!(read("{}", "opaque", Renewal::Nothing, 0).0.ends(), None);
    assert_eq!(
        read("{\"in\":60}", "opaque", Renewal::Nothing, 0).0.ends(),
        Some(at(1060))
    );
    assert_eq!(
        read("{}", &jwt("{\"exp\":1300}"), Renewal::Nothing, 0)
            .0
            .ends(),
        Some(at(1300))
    );
    assert_eq!(
        read("{}", "opaque", Renewal::Login, 0).0.ends(),
        Some(at(1600))
    );
}

// FAULTS.md row 114
#[test]
fn the_vendor_can_state_when_a_token_is_due() {
    let due = |body: &str| {
        read(body, "opaque", Renewal::RefreshToken, 0)
            .0
            .refresh_at()
    };
    assert_eq!(due("{\"in\":3600,\"refresh_in\":600}"), at(1600));
    assert_eq!(due("{\"in\":3600,\"refresh_in\":\"600\"}"), at(1600));
    let usual = due("{\"in\":3600}");
    for ignored in ["0", "-5", "\"soon\"", "null"] {
        assert_eq!(
            due(&format!("{{\"in\":3600,\"refresh_in\":{ignored}}}")),
            usual,
            "{ignored}"
        );
    }
    let late = read(
        "{\"in\":3600,\"refresh_in\":9999}",
        "opaque",
        Renewal::RefreshToken,
        0,
    )
    .0;
    assert_eq!(late.refresh_at(), late.usable_until());
}

proptest! {
    // FAULTS.md rows 14 and 15
    #[test]
    fn whatever_is_stated_a_token_with_a_refresh_token_is_usable(
        seconds in "(-?[0-9]{1,25}(\\.[0-9]{1,3})?|\"[ -~&&[^\"\\\\]]{0,12}\"|null|true)", exp: i64, offset in -86_400_000_i64..86_400_000,
    ) {
        let body = format!("{{\"in\":{seconds},\"on\":{exp}}}");
        if Document::parse(body.as_bytes()).is_ok() {
            let validity = read(&body, &jwt(&format!("{{\"exp\":{exp}}}")), Renewal::RefreshToken, offset).0;
            prop_assert!(validity.expires_at() > at(1000));
            prop_assert!(validity.expires_at() <= at(1000).after(LONGEST_LIFE));
        }
    }
}
