use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn token(access: &str, refresh: Option<&str>, issued: i64, expires: i64) -> Token {
    let validity = Validity::new(at(issued), at(expires));
    Token::builder(Secret::from(access), validity)
        .refresh(refresh.map(Secret::from))
        .build()
        .unwrap()
}

// FAULTS.md row 12
#[test]
fn an_answer_without_a_refresh_token_keeps_the_old_one() {
    let first = token("A1", Some("R1"), 0, 100).with_generation(Generation::new(1));
    let second = token("A2", None, 50, 150).succeeding(&first);
    assert_eq!(second.refresh().unwrap().expose(), "R1");
    assert_eq!(second.generation(), Generation::new(2));
}

// FAULTS.md row 13
#[test]
fn the_same_access_token_does_not_live_longer_and_is_not_refreshed_at_once() {
    let first = token("A1", None, 0, 1000).with_generation(Generation::new(4));
    let again = token("A1", None, 800, 1800).succeeding(&first);
    assert_eq!(again.validity().expires_at(), at(1000));
    assert_eq!(again.validity().refresh_at(), at(850));
    assert_eq!(again.generation(), Generation::new(4));
}

#[test]
fn the_same_access_token_with_a_new_refresh_token_is_a_new_generation() {
    let first = token("A1", Some("R1"), 0, 1000);
    let second = token("A1", Some("R2"), 800, 1800).succeeding(&first);
    assert_eq!(second.generation(), first.generation().next());
    assert_eq!(second.refresh().unwrap().expose(), "R2");
}

// FAULTS.md row 30
#[test]
fn a_token_with_control_characters_is_refused() {
    for bad in ["", "A\r\nX: y", "A\0", "A\n"] {
        let built = Token::builder(Secret::from(bad), Validity::expired()).build();
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Protocol);
        let built = Token::builder(Secret::from("A"), Validity::expired())
            .refresh(Secret::from(bad))
            .build();
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Protocol);
    }
}

#[test]
fn debug_shows_neither_token_nor_extras() {
    let validity = Validity::new(at(0), at(10));
    let token = Token::builder(Secret::from("access-1"), validity)
        .refresh(Secret::from("refresh-1"))
        .extra("id_token", Secret::from("id-1"))
        .build()
        .unwrap();
    let shown = format!("{token:?} {:?} {:?}", token.headers(), token.header());
    for secret in ["access-1", "refresh-1", "id-1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_token_is_carried_as_its_vendor_wants() {
    let carried = |carriage, access: &str| {
        Token::builder(Secret::from(access), Validity::expired())
            .carried(carriage)
            .build()
            .unwrap()
            .headers()
    };
    assert_eq!(carried(Carriage::Bearer, "A")["authorization"], "Bearer A");
    assert_eq!(carried(Carriage::Verbatim, "QJWT A")["authorization"], "QJWT A");
    let own = HeaderName::from_static("apim-accesstoken");
    assert_eq!(carried(Carriage::Header(own), "A")["apim-accesstoken"], "A");
}

#[test]
fn a_token_known_by_its_refresh_token_is_expired() {
    let token = Token::from_refresh_token(Secret::from("R1")).unwrap();
    assert_eq!(token.validity().at(Timestamp::MIN), crate::Freshness::Expired);
    assert_eq!(token.spendable().expose(), "R1");
}
