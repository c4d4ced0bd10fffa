use std::time::Duration;

use super::*;

fn end_user_outcome(body: &str) -> Result<Outcome, Error> {
    let request = refresh(&end_user(), "Bearer A1.b.c", CREATED);
    let response = http::Response::new(Bytes::from(body.to_owned()));
    let answer = Answer::new(&request, &response, at(CREATED), ServerOffset::NONE);
    end_user().read(&answer, &Attempt::new(at(CREATED), [0; 16]))
}

fn end_user_body(access: &str, refresh: &str) -> String {
    format!(r#"{{"code":200,"data":{{"accessToken":{access},"refreshToken":{refresh}}}}}"#)
}

// FAULTS.md row 45
#[test]
fn a_frozen_account_is_locked_and_there_is_no_login_to_try_by_itself() {
    let endpoint = end_user();
    assert!(endpoint.login(&attempt(0)).is_none());
    let request = refresh(&endpoint, "Bearer A1.b.c", CREATED);
    let locked = |code| {
        let body = format!(r#"{{"code":{code},"msg":"","data":null}}"#);
        read(&endpoint, &request, CREATED, &body)
            .unwrap_err()
            .kind()
    };
    let minutes = |minutes: u64| ErrorKind::Locked {
        after: Duration::from_secs(60 * minutes),
    };
    assert_eq!(
        (locked(5147), locked(5325)),
        (minutes(20), minutes(24 * 60))
    );
}

// FAULTS.md row 12
#[test]
fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let endpoint = end_user();
    let body = r#"{"code":200,"data":{"accessToken":{"token":"Bearer A2.b.c","expirationTime":"1618480000"}}}"#;
    let issued = read(
        &endpoint,
        &refresh(&endpoint, "Bearer A1.b.c", CREATED),
        CREATED,
        body,
    )
    .unwrap();
    let next = issued.merged_with_previous(&token("Bearer A1.b.c", CREATED));
    assert_eq!(next.refresh().unwrap().expose(), "Bearer R1.b.c");
}

// FAULTS.md row 49
#[test]
fn a_new_refresh_token_is_kept_whatever_else_is_odd() {
    let new = r#"{"token":"Bearer R2.b.c","expirationTime":[1747372586]}"#;
    for time in ["0", "-1", "[1618480162]", "\"\"", "\"soon\"", "1000000000"] {
        let access = format!(r#"{{"token":"Bearer A2.b.c","expirationTime":{time}}}"#);
        let Ok(Outcome::Issued(token)) = end_user_outcome(&end_user_body(&access, new)) else {
            panic!("{time}");
        };
        assert_eq!(token.refresh().unwrap().expose(), "Bearer R2.b.c", "{time}");
        assert_eq!(token.validity().expires_at(), at(CREATED + 7200), "{time}");
        assert_eq!(token.oddities().len(), 1, "{time}");
    }
    for access in [
        r#""A2""#,
        "null",
        r#"{"token":7}"#,
        r#"{"token":"Bearer A\r\n2"}"#,
    ] {
        let Ok(Outcome::RefreshTokenOnly { refresh, .. }) =
            end_user_outcome(&end_user_body(access, new))
        else {
            panic!("{access}");
        };
        assert_eq!(refresh.expose(), "Bearer R2.b.c", "{access}");
    }
    let beside_a_refusal = end_user_body("null", new).replace("200", "99999");
    assert!(matches!(
        end_user_outcome(&beside_a_refusal),
        Ok(Outcome::RefreshTokenOnly { .. })
    ));
}

// FAULTS.md rows 17 and 20
#[test]
fn absolute_times_are_corrected_by_the_servers_clock() {
    let ahead = ServerOffset::from_millis(600_000);
    let endpoint = end_user();
    let body = r#"{"code":200,"data":{"accessToken":{"token":"Bearer A2.b.c","expirationTime":1618480000},"refreshToken":{"token":"Bearer R2.b.c","expirationTime":1618490000}}}"#;
    let request = refresh(&endpoint, "Bearer A1.b.c", CREATED);
    let token = read_with(&endpoint, &request, CREATED, ahead, body).unwrap();
    assert_eq!(token.validity().expires_at(), at(1_618_479_400));
    assert_eq!(token.refresh_expires_at(), Some(at(1_618_489_400)));
}

// FAULTS.md row 59
#[test]
fn a_blank_token_is_refused() {
    for blank in BLANK_TOKENS {
        let token = serde_json::to_string(blank).unwrap();
        let blank = format!(r#"{{"token":{token},"expirationTime":1618480162}}"#);
        let error = end_user_outcome(&end_user_body(&blank, "null")).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InDoubt, "{token}");
        let usable = r#"{"token":"Bearer A2.b.c","expirationTime":1618480162}"#;
        let Ok(Outcome::Issued(token)) = end_user_outcome(&end_user_body(usable, &blank)) else {
            panic!("{blank}");
        };
        assert!(token.refresh().is_none(), "{blank}");
    }
}

#[test]
fn another_persons_endpoint_has_another_key() {
    assert_eq!(
        end_user().for_account("18").unwrap().key().as_str(),
        "quectel-end-user/iot-api.quectelcn.com/18"
    );
}
