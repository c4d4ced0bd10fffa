//! Answers with a token.

use super::*;

// FAULTS.md row 12
#[test]
fn the_answer_without_a_refresh_token_keeps_the_old_one() {
    let next = issued(r#"{"access_token":"A2","expires_in":3600}"#).merged_with_previous(&token());
    assert_eq!(next.refresh().unwrap().expose(), "refresh-tell-no-one");
    let next = issued(r#"{"access_token":"A2","refresh_token":"","expires_in":3600}"#);
    assert!(next.refresh().is_none());
}

// FAULTS.md row 14
#[test]
fn a_life_unsaid_is_the_jwts_else_the_documented_hour() {
    let seconds = |body: &str| issued(body).validity().expires_at().since(NOW).as_secs();
    assert_eq!(seconds(r#"{"access_token":"A2"}"#), 3600);
    // {"exp":1700000600}
    assert_eq!(
        seconds(r#"{"access_token":"e30.eyJleHAiOjE3MDAwMDA2MDB9.s"}"#),
        600
    );
    for life in ["0", "-1", "\"\"", "\"soon\"", "[3600]", "null"] {
        let body = format!(r#"{{"access_token":"A2","expires_in":{life}}}"#);
        assert_eq!(seconds(&body), 3600, "{life}");
    }
}

// FAULTS.md row 15
#[test]
fn a_life_written_as_text_is_read() {
    let token = issued(r#"{"access_token":"A2","expires_in":"1800"}"#);
    assert_eq!(
        token.validity().expires_at(),
        NOW.after(Duration::from_secs(1800))
    );
}

// FAULTS.md row 16
#[test]
fn success_is_marked_in_many_ways_and_always_needs_a_token() {
    for mark in [
        "",
        r#","code":0"#,
        r#","code":"200""#,
        r#","status":"OK""#,
        r#","errcode":0,"error":null"#,
    ] {
        assert_eq!(
            issued(&format!(r#"{{"access_token":"A2"{mark}}}"#))
                .access()
                .expose(),
            "A2",
            "{mark}"
        );
    }
    for body in [
        "{}",
        r#"{"code":0}"#,
        r#"{"access_token":""}"#,
        r#"{"access_token":7}"#,
        "[]",
    ] {
        assert_eq!(kind(200, body), ErrorKind::InDoubt, "{body}");
    }
}

// FAULTS.md row 49
#[test]
fn a_new_refresh_token_is_kept_whatever_else_is_odd() {
    for odd in [
        r#""expires_in":0"#,
        r#""expires_in":-1"#,
        r#""expires_in":["soon"]"#,
        r#""token_type":["bearer"]"#,
    ] {
        let token = issued(&format!(
            r#"{{"access_token":"A2","refresh_token":"R2",{odd}}}"#
        ));
        assert_eq!(token.refresh().unwrap().expose(), "R2", "{odd}");
    }
    for odd in [
        r#""access_token":"""#,
        r#""access_token":7"#,
        r#""access_token":"A\r\n2""#,
        r#""expires_in":3600"#,
        r#""access_token":"A2","error":"something_new""#,
        r#""access_token":"A2","code":4711"#,
    ] {
        let body = format!(r#"{{"refresh_token":"R2",{odd}}}"#);
        let Ok(Outcome::RefreshTokenOnly { refresh, .. }) = read(200, &[], &body) else {
            panic!("{odd}");
        };
        assert_eq!(refresh.expose(), "R2", "{odd}");
    }
    let echoed = r#"{"refresh_token":"refresh-tell-no-one"}"#;
    assert_eq!(kind(200, echoed), ErrorKind::InDoubt);
}

// FAULTS.md row 59
#[test]
fn a_blank_token_is_refused() {
    for blank in [" ", r"\u00a0", r"\u200b", "Bearer ", r"\t"] {
        let token = format!(r#""{blank}""#);
        let body = format!(r#"{{"access_token":{token},"expires_in":3600}}"#);
        assert_eq!(kind(200, &body), ErrorKind::InDoubt, "{token}");
        let next = issued(&format!(
            r#"{{"access_token":"A2","refresh_token":{token}}}"#
        ));
        assert!(next.refresh().is_none(), "{token}");
    }
}

// FAULTS.md rows 69 and 105
#[test]
fn the_earlier_end_counts_and_a_token_that_nothing_renews_has_none() {
    // {"exp":1700000600}
    let body = r#"{"access_token":"e30.eyJleHAiOjE3MDAwMDA2MDB9.s","expires_in":3600}"#;
    let ends = issued(body).validity().ends();
    assert_eq!(ends, Some(NOW.after(Duration::from_secs(600))));
    let redemption = cloud().redeem_code("code-tell-no-one".into(), "https://app.example.com/back");
    let request = redemption.into_request(&attempt()).unwrap();
    let response = Response::new(Bytes::from(r#"{"access_token":"A1"}"#));
    let answer = Answer::new(&request, &response, NOW, ServerOffset::NONE);
    let Ok(Outcome::Issued(token)) = cloud().read(&answer, &Attempt::new(NOW, [0; 16])) else {
        panic!("no token");
    };
    assert_eq!(token.validity().ends(), None);
}

#[test]
fn a_deployments_own_codes_and_fields_are_read_once_named() {
    let mut dialect = Dialect::default();
    dialect.codes.rejected.push("40013".into());
    dialect.codes.success.push("1".into());
    dialect.fields.access_token.push("data.token".into());
    let cloud = spoken_as(dialect);
    let dead = read_by(&cloud, 200, &[], r#"{"code":40013}"#).unwrap_err();
    assert_eq!(dead.kind(), ErrorKind::Rejected);
    let Ok(Outcome::Issued(token)) =
        read_by(&cloud, 200, &[], r#"{"code":1,"data":{"token":"A2"}}"#)
    else {
        panic!("no token");
    };
    assert_eq!(token.headers()["authorization"], "Bearer A2");
}
