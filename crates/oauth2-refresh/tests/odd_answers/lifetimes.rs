//! When a token ends and when it is due.

use super::*;

// FAULTS.md row 69
#[test]
fn the_earliest_end_that_an_answer_tells_counts() {
    let end = |fields: &str| {
        let body = format!(r#"{{"access_token":"A2","refresh_token":"R2",{fields}}}"#);
        issued(refreshed(&body))
            .validity()
            .expires_at()
            .since(NOW)
            .as_secs()
    };
    assert_eq!(end(r#""expires_on":"1700000060""#), 60);
    assert_eq!(end(r#""expires_at":1700000060"#), 60);
    assert_eq!(end(r#""expires_at":1700000060000"#), 60);
    assert_eq!(end(r#""expires_at":"2023-11-14T22:14:20Z""#), 60);
    assert_eq!(end(r#""expires_in":30,"expires_at":1700000060"#), 30);
    assert_eq!(end(r#""expires_in":3600,"expires_at":1700000060"#), 60);
    // {"exp":1700000045}
    let body = r#"{"access_token":"e30.eyJleHAiOjE3MDAwMDAwNDV9.x","expires_in":3600,"refresh_token":"R2"}"#;
    assert_eq!(
        issued(refreshed(body))
            .validity()
            .expires_at()
            .since(NOW)
            .as_secs(),
        45
    );
}

// FAULTS.md row 70
#[test]
fn a_token_is_due_well_before_its_refresh_token_ends() {
    for field in [
        r#""refresh_expires_in":8"#,
        r#""refresh_token_expires_in":"8""#,
        r#""x_refresh_token_expires_in":8"#,
        r#""refresh_token_expires_at":1700000008"#,
    ] {
        let body =
            format!(r#"{{"access_token":"A2","refresh_token":"R2","expires_in":16,{field}}}"#);
        let token = issued(refreshed(&body));
        assert_eq!(
            token.refresh_expires_at(),
            Some(NOW.after(Duration::from_secs(8))),
            "{field}"
        );
        assert_eq!(
            token.validity().refresh_at(),
            NOW.after(Duration::from_secs(6)),
            "{field}"
        );
    }
    let never = issued(refreshed(
        r#"{"access_token":"A2","refresh_token":"R2","expires_in":16,"refresh_expires_in":0}"#,
    ));
    assert_eq!(never.refresh_expires_at(), None);
}

// FAULTS.md row 105
#[test]
fn a_token_with_no_end_and_nothing_to_renew_it_is_used_until_it_is_refused() {
    let body = r#"{"access_token":"gho_16C7e42F292c6912E7710c838347Ae178B4a","token_type":"bearer","scope":"repo"}"#;
    let redeemed = |oauth2: &OAuth2, body: &str| {
        let response = json(200, body);
        issued(read(oauth2, &redemption(oauth2), &response))
    };
    assert_eq!(redeemed(&oauth2(), body).validity().ends(), None);
    let renewable = builder().client_credentials().build().unwrap();
    assert!(redeemed(&renewable, body).validity().ends().is_some());
    let with_refresh = r#"{"access_token":"A2","refresh_token":"R2"}"#;
    assert!(
        redeemed(&oauth2(), with_refresh)
            .validity()
            .ends()
            .is_some()
    );
    assert!(
        issued(refreshed(r#"{"access_token":"A2"}"#))
            .validity()
            .ends()
            .is_some()
    );
}

// FAULTS.md row 14
#[test]
fn a_token_of_a_login_with_no_life_is_over_on_arrival() {
    let oauth2 = builder().client_credentials().build().unwrap();
    let login = oauth2.login(&attempt(NOW, 1)).unwrap().unwrap();
    for life in ["0", "-1"] {
        let body = format!(r#"{{"access_token":"A1","expires_in":{life}}}"#);
        let token = issued(read(&oauth2, &login, &json(200, &body)));
        assert_eq!(token.validity().at(NOW), Freshness::Expired, "{life}");
    }
}

// FAULTS.md row 114
#[test]
fn the_server_can_say_when_a_token_is_due() {
    let body = r#"{"access_token":"A2","refresh_token":"R2","expires_in":3600,"refresh_in":1800}"#;
    let validity = issued(refreshed(body)).validity();
    assert_eq!(validity.refresh_at(), NOW.after(Duration::from_secs(1800)));
}
