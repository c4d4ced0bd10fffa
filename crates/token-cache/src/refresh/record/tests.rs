//! What comes back from a record.

use http::HeaderName;
use token_core::{Secret, Validity};

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn token() -> Token {
    Token::builder(
        Secret::from("A"),
        Validity::new(at(1000), at(2000)).not_refreshed_before(at(1500)),
    )
    .placement(TokenPlacement::Header(HeaderName::from_static(
        "apim-accesstoken",
    )))
    .refresh(Secret::from("R"))
    .refresh_expires_at(at(9000))
    .scopes(["a".to_owned(), "b".to_owned()])
    .extra("api.host", Secret::from("https://x\"y"))
    .generation(Generation::new(7))
    .build()
    .unwrap()
}

fn written() -> Record {
    write(&TokenKey::of("v", "h", "g"), &token(), at(1000)).unwrap()
}

#[test]
fn a_token_comes_back_as_it_was_written() {
    let back = read(&written(), Duration::from_secs(100), at(1100)).unwrap();
    assert!(back.same_secrets_as(&token()));
    assert_eq!(back.validity(), token().validity());
    assert_eq!(back.placement(), token().placement());
    assert_eq!(
        (back.generation(), back.scopes()),
        (token().generation(), token().scopes())
    );
    assert_eq!(back.refresh_expires_at(), Some(at(9000)));
    assert_eq!(back.extra("api.host").unwrap().expose(), "https://x\"y");
}

// FAULTS.md row 105
#[test]
fn a_token_without_end_comes_back_without_one() {
    let endless = token().with_validity(Validity::without_end(at(1000)));
    let record = write(&TokenKey::of("v", "h", "g"), &endless, at(1000)).unwrap();
    for (age, now) in [(0, 1000), (100, 1100), (5000, 400)] {
        let back = read(&record, Duration::from_secs(age), at(now)).unwrap();
        assert_eq!(back.validity().ends(), None, "{age} {now}");
    }
}

// FAULTS.md row 114
#[test]
fn the_instant_that_the_vendor_named_for_the_refresh_comes_back() {
    let named = token().with_validity(Validity::new(at(1000), at(2000)).with_refresh_at(at(1300)));
    let record = write(&TokenKey::of("v", "h", "g"), &named, at(1000)).unwrap();
    let back = read(&record, Duration::from_secs(100), at(1100)).unwrap();
    assert_eq!(back.validity().refresh_at(), at(1300));
}

// FAULTS.md row 18
#[test]
fn a_writer_whose_clock_ran_ahead_gives_no_more_life() {
    let back = read(&written(), Duration::ZERO, at(400)).unwrap();
    assert_eq!(
        (back.validity().issued_at(), back.validity().expires_at()),
        (at(400), at(1400))
    );
}

// FAULTS.md row 18
#[test]
fn a_token_from_the_future_is_due_when_it_would_be() {
    for written_ahead in [0, 10_000] {
        let now = at(1900 - written_ahead);
        let back = read(&written(), Duration::from_secs(900), now).unwrap();
        assert_eq!(
            back.validity().expires_at(),
            now.after(Duration::from_secs(100))
        );
        assert_eq!(
            back.validity().at(now),
            token_core::Freshness::RefreshDue,
            "{written_ahead}"
        );
    }
}

// FAULTS.md row 18
#[test]
fn a_reader_whose_clock_is_behind_gives_no_more_life_than_the_store_says_is_left() {
    let back = read(&written(), Duration::from_secs(900), at(1000)).unwrap();
    assert_eq!(back.validity().expires_at(), at(1100));
    let back = read(&written(), Duration::from_secs(5000), at(1000)).unwrap();
    assert_eq!(back.validity().at(at(1000)), token_core::Freshness::Expired);
}

// FAULTS.md row 38
#[test]
fn a_torn_or_foreign_record_is_a_typed_error_that_quotes_nothing() {
    let whole = written().body.expose().to_owned();
    for body in [
        "",
        "{}",
        "null",
        whole.get(..whole.len() / 2).unwrap(),
        &whole.replace("\"version\":1", "\"version\":2"),
    ] {
        let record = Record {
            body: Secret::from(body),
            ..written()
        };
        let error = read(&record, Duration::ZERO, at(0)).unwrap_err();
        assert!(error.to_string().contains("left unchanged"));
    }
}

#[test]
fn tokens_of_one_refresh_token_have_one_fingerprint_and_keys_do_not_mix() {
    let (here, there) = (TokenKey::of("v", "h", "g"), TokenKey::of("v", "h", "other"));
    assert_eq!(fingerprint(&here, &token()), fingerprint(&here, &token()));
    assert_ne!(fingerprint(&here, &token()), fingerprint(&there, &token()));
}

#[test]
fn a_record_is_that_of_a_token_with_its_secrets_and_generation() {
    let with = |access, refresh: Option<&str>, generation| {
        let validity = Validity::new(at(0), at(1000));
        let token = Token::builder(Secret::from(access), validity)
            .refresh(refresh.map(Secret::from))
            .generation(Generation::new(generation));
        token.build().unwrap()
    };
    let tokens = [
        with("A", Some("R"), 7),
        with("A", Some("R"), 8),
        with("A", Some("S"), 7),
        with("B", Some("R"), 7),
        with("A", Some("R2"), 7),
        with("A", None, 7),
        with("A\"", Some("R\\"), 7),
    ];
    let key = TokenKey::of("v", "h", "g");
    for (number, written) in tokens.iter().enumerate() {
        let record = write(&key, written, at(0)).unwrap();
        let record = Written::of(&record).unwrap();
        let of = tokens.iter().map(|token| record.is_of(token));
        let expected = (0..tokens.len()).map(|other| other == number);
        assert!(of.eq(expected), "{number}");
    }
}
