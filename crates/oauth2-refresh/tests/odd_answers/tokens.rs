//! What is kept of an odd answer.

use super::*;

// FAULTS.md rows 14 and 49
#[test]
fn an_odd_lifetime_costs_neither_the_token_nor_its_rotation() {
    for life in [
        "0",
        "-1",
        "\"\"",
        "\"soon\"",
        "\"3600 seconds\"",
        "\"2026-01-01T00:00:00Z\"",
        "[]",
        "{}",
        "true",
        "1e400",
        "\"NaN\"",
    ] {
        let body = format!(
            r#"{{"access_token":"A2","token_type":"Bearer","expires_in":{life},"refresh_token":"R2"}}"#
        );
        let token = issued(refreshed(&body));
        assert_eq!(token.refresh().unwrap().expose(), "R2", "{life}");
        assert_eq!(token.validity().at(NOW), Freshness::Fresh, "{life}");
        assert!(!token.oddities().is_empty(), "{life}");
    }
}

// FAULTS.md row 49
#[test]
fn a_dead_jwt_does_not_cost_its_rotation() {
    // {"exp":1600000000}
    let body = r#"{"access_token":"e30.eyJleHAiOjE2MDAwMDAwMDB9.x","refresh_token":"R2"}"#;
    let token = issued(refreshed(body));
    assert_eq!(token.validity().at(NOW), Freshness::Fresh);
    assert_eq!(
        token.oddities(),
        ["the token's expiry is zero, negative or in the past"]
    );
}

// FAULTS.md row 49
#[test]
fn an_unknown_token_type_is_sent_as_bearer_unless_the_description_refuses_it() {
    for name in [
        r#""""#,
        r#""jwt""#,
        r#""BearerToken""#,
        r#""user""#,
        r#"["Bearer"]"#,
        "7",
    ] {
        let body = format!(
            r#"{{"access_token":"A2","token_type":{name},"expires_in":3600,"refresh_token":"R2"}}"#
        );
        let token = issued(refreshed(&body));
        assert_eq!(token.headers()["authorization"], "Bearer A2", "{name}");
        assert_eq!(
            token.oddities(),
            ["the token's type is unknown, it is sent as Bearer"],
            "{name}"
        );

        let strict = builder()
            .unknown_token_type(UnknownTokenType::Refuse)
            .build()
            .unwrap();
        let response = json(200, &body);
        let (kept, error) = alone(read(&strict, &refresh(&strict), &response));
        assert_eq!(
            (kept.as_str(), error.kind()),
            ("R2", ErrorKind::Config),
            "{name}"
        );
    }
}

// FAULTS.md row 49
#[test]
fn a_token_that_needs_more_than_a_header_is_told_and_its_refresh_token_is_kept() {
    for name in ["DPoP", "dpop", "PoP", "MAC", "mac"] {
        let body = format!(
            r#"{{"access_token":"A2","token_type":"{name}","expires_in":3600,"refresh_token":"R2"}}"#
        );
        let (kept, error) = alone(refreshed(&body));
        assert_eq!(
            (kept.as_str(), error.kind()),
            ("R2", ErrorKind::Config),
            "{name}"
        );
        assert!(error.to_string().contains("DPoP"), "{error}");
    }
}

// FAULTS.md rows 49 and 59
#[test]
fn an_unusable_access_token_does_not_cost_its_refresh_token() {
    for access in [
        "",
        r#""access_token":"","#,
        r#""access_token":" ","#,
        r#""access_token":"\u200b","#,
        r#""access_token":"Bearer ","#,
        r#""access_token":7,"#,
        r#""access_token":null,"#,
        r#""access_token":["A2"],"#,
        r#""access_token":"A\r\n2","#,
    ] {
        let body = format!(
            r#"{{{access}"token_type":"Bearer","expires_in":3600,"refresh_token":"R2","refresh_expires_in":100}}"#
        );
        let Ok(Outcome::RefreshTokenOnly {
            refresh,
            refresh_expires_at,
            ..
        }) = refreshed(&body)
        else {
            panic!("the rotation is lost: {access}");
        };
        assert_eq!(refresh.expose(), "R2", "{access}");
        assert_eq!(
            refresh_expires_at,
            Some(NOW.after(Duration::from_secs(100))),
            "{access}"
        );
    }
}

// FAULTS.md row 49
#[test]
fn a_redemption_keeps_what_can_be_kept_too() {
    let oauth2 = oauth2();
    let read = |body: &str| read(&oauth2, &redemption(&oauth2), &json(200, body));
    let token = issued(read(
        r#"{"access_token":"A2","token_type":"user","expires_in":0,"refresh_token":"R2"}"#,
    ));
    assert_eq!(token.validity().at(NOW), Freshness::Fresh);
    assert_eq!(
        alone(read(r#"{"access_token":"","refresh_token":"R2"}"#)).0,
        "R2"
    );
    assert_eq!(read("").unwrap_err().kind(), ErrorKind::InDoubt);
    assert_eq!(read("{}").unwrap_err().kind(), ErrorKind::InDoubt);
}

// FAULTS.md row 49
#[test]
fn an_error_beside_a_new_refresh_token_does_not_cost_it() {
    let token = issued(refreshed(
        r#"{"access_token":"A2","refresh_token":"R2","error":"none","expires_in":60}"#,
    ));
    assert_eq!(
        token.oddities(),
        ["the answer has an error beside its token"]
    );
    assert_eq!(
        alone(refreshed(
            r#"{"refresh_token":"R2","error":"server_error"}"#
        ))
        .0,
        "R2"
    );
    // A token that was sent and comes back is an echo.
    let echoed = r#"{"error":"invalid_grant","refresh_token":"R1-in-hand"}"#;
    assert_eq!(kind(200, echoed), ErrorKind::Rejected);
    assert_eq!(
        kind(400, r#"{"error":"invalid_grant","refresh_token":"R2"}"#),
        ErrorKind::Rejected
    );
}

#[test]
fn an_error_that_says_none_is_none() {
    for none in ["0", "\"\"", "false", "null", "{}"] {
        let body = format!(r#"{{"error":{none},"access_token":"A2","expires_in":60}}"#);
        assert!(issued(refreshed(&body)).oddities().is_empty(), "{none}");
    }
}

// FAULTS.md row 49
#[test]
fn a_byte_that_is_not_utf8_in_a_field_that_nobody_reads_costs_nothing() {
    let oauth2 = oauth2();
    let body = b"{\"access_token\":\"A2\",\"token_type\":\"Bearer\",\"user\":\"Jos\xE9\",\"refresh_token\":\"R2\",\"expires_in\":60}";
    let token = issued(read(
        &oauth2,
        &refresh(&oauth2),
        &response(200, "application/json", body),
    ));
    assert_eq!(token.refresh().unwrap().expose(), "R2");
    assert_eq!(token.oddities().len(), 1);
    let spoilt = b"{\"access_token\":\"A\xE9\",\"refresh_token\":\"R2\"}";
    assert_eq!(
        alone(read(
            &oauth2,
            &refresh(&oauth2),
            &response(200, "application/json", spoilt)
        ))
        .0,
        "R2"
    );
}

// FAULTS.md row 59
#[test]
fn a_blank_refresh_token_is_not_taken() {
    for blank in [r#""""#, r#"" ""#, r#""\u00a0""#, r#""Bearer ""#, "7"] {
        let body = format!(r#"{{"access_token":"A2","refresh_token":{blank},"expires_in":60}}"#);
        let token = issued(refreshed(&body));
        assert!(token.refresh().is_none(), "{blank}");
        assert_eq!(token.oddities().is_empty(), blank == r#""""#, "{blank}");
    }
}

// FAULTS.md row 52
#[test]
fn a_form_and_a_wrapper_are_read() {
    let form = |status, body: &str| {
        let oauth2 = oauth2();
        let response = response(status, "application/x-www-form-urlencoded", body.as_bytes());
        read(&oauth2, &refresh(&oauth2), &response)
    };
    let token = issued(form(
        200,
        "access_token=A2&expires_in=60&refresh_token=R2&scope=&token_type=bearer",
    ));
    assert_eq!(
        (token.access().expose(), token.refresh().unwrap().expose()),
        ("A2", "R2")
    );
    let dead = form(
        200,
        "error=bad_refresh_token&error_description=The+token+is+gone",
    )
    .unwrap_err();
    assert_eq!(
        (dead.kind(), dead.message()),
        (ErrorKind::Rejected, Some("The token is gone"))
    );

    for (wrapper, body) in [
        (
            "data",
            r#"{"code":0,"data":{"access_token":"A2","refresh_token":"R2"}}"#,
        ),
        ("0", r#"[{"access_token":"A2","refresh_token":"R2"}]"#),
    ] {
        let oauth2 = builder().wrapped_in(wrapper).build().unwrap();
        let read = |status, body: &str| read(&oauth2, &refresh(&oauth2), &json(status, body));
        assert_eq!(
            issued(read(200, body)).refresh().unwrap().expose(),
            "R2",
            "{wrapper}"
        );
        let refusal = read(400, r#"{"error":"invalid_grant","data":{}}"#).unwrap_err();
        assert_eq!(refusal.kind(), ErrorKind::Rejected, "{wrapper}");
    }
}
