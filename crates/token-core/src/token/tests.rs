use std::time::Duration;

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
    let second = token("A2", None, 50, 150).merged_with_previous(&first);
    assert_eq!(second.refresh().unwrap().expose(), "R1");
    assert_eq!(second.generation(), Generation::new(2));
}

// FAULTS.md row 13
#[test]
fn the_same_access_token_is_not_extended_and_not_refreshed_at_once() {
    let first = token("A1", None, 0, 1000).with_generation(Generation::new(4));
    let again = token("A1", None, 800, 1800).merged_with_previous(&first);
    assert_eq!(again.validity().expires_at(), at(1000));
    assert_eq!(again.validity().refresh_at(), at(850));
    assert_eq!(again.generation(), Generation::new(4));
}

#[test]
fn the_same_access_token_with_a_new_refresh_token_is_a_new_generation() {
    let first = token("A1", Some("R1"), 0, 1000);
    let second = token("A1", Some("R2"), 800, 1800).merged_with_previous(&first);
    assert_eq!(second.generation(), first.generation().next());
    assert_eq!(second.refresh().unwrap().expose(), "R2");
}

// FAULTS.md rows 30 and 59
#[test]
fn a_token_with_control_characters_is_refused() {
    for bad in [
        "",
        "A\r\nX: y",
        "A\0",
        "A\n",
        " ",
        "\u{a0}",
        "\u{200b}",
        "Bearer ",
        "QJWT ",
    ] {
        let built = Token::builder(Secret::from(bad), Validity::expired()).build();
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Protocol);
        let built = Token::builder(Secret::from("A"), Validity::expired())
            .refresh(Secret::from(bad))
            .build();
        assert_eq!(built.unwrap_err().kind(), ErrorKind::Protocol);
        let known = Token::from_refresh_token(Secret::from(bad));
        assert_eq!(known.unwrap_err().kind(), ErrorKind::Config);
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
fn a_token_is_sent_as_its_placement_says() {
    let carried = |placement, access: &str| {
        Token::builder(Secret::from(access), Validity::expired())
            .placement(placement)
            .build()
            .unwrap()
            .headers()
    };
    assert_eq!(
        carried(TokenPlacement::Bearer, "A")["authorization"],
        "Bearer A"
    );
    assert_eq!(
        carried(TokenPlacement::Verbatim, "QJWT A")["authorization"],
        "QJWT A"
    );
    let own = HeaderName::from_static("apim-accesstoken");
    assert_eq!(
        carried(TokenPlacement::Header(own), "A")["apim-accesstoken"],
        "A"
    );
}

#[test]
fn a_token_with_only_a_refresh_token_is_expired() {
    let token = Token::from_refresh_token(Secret::from("R1")).unwrap();
    assert_eq!(
        token.validity().at(Timestamp::MIN),
        expiry::Freshness::Expired
    );
    assert_eq!(token.refresh_credential().expose(), "R1");
}

// FAULTS.md row 70
#[test]
fn a_token_is_due_before_its_refresh_token_ends() {
    let builder = || Token::builder(Secret::from("A"), Validity::new(at(0), at(16)));
    let built = builder()
        .refresh(Secret::from("R"))
        .refresh_expires_at(at(8))
        .build()
        .unwrap();
    assert_eq!(built.validity().refresh_at(), at(6));
    let kept = token("A2", None, 4, 20).merged_with_previous(&built);
    assert_eq!(kept.validity().refresh_at(), at(7));
    let without = builder().refresh_expires_at(at(8)).build().unwrap();
    assert_eq!(without.validity().refresh_at(), at(12));
}

// FAULTS.md row 49
#[test]
fn a_refresh_token_that_came_alone_is_kept_with_the_old_access_token() {
    let old = token("A1", Some("R1"), 0, 1000).with_generation(Generation::new(3));
    let next = old.clone().with_refresh(Secret::from("R2"), Some(at(400)));
    assert_eq!(
        (next.access().expose(), next.refresh().unwrap().expose()),
        ("A1", "R2")
    );
    assert_eq!(next.validity().refresh_at(), at(300));
    for unfit in ["", "R\n2"] {
        let same = old.clone().with_refresh(Secret::from(unfit), None);
        assert_eq!(same.refresh().unwrap().expose(), "R1");
    }
}

// FAULTS.md row 49
#[test]
fn a_new_refresh_token_is_merged_with_the_old_access_token() {
    let own = HeaderName::from_static("x-token");
    let old = Token::builder(Secret::from("A1"), Validity::new(at(0), at(1000)))
        .placement(TokenPlacement::Header(own))
        .refresh(Secret::from("R1"))
        .extra("host", Secret::from("old"))
        .build()
        .unwrap();
    let new = Token::builder(Secret::from("unused"), Validity::expired())
        .refresh(Secret::from("R2"))
        .refresh_expires_at(at(9000))
        .extra("host", Secret::from("new"))
        .scopes(["s".to_owned()])
        .generation(Generation::new(5))
        .build()
        .unwrap();
    let merged = new.with_access_of(&old);
    assert_eq!(merged.headers()["x-token"], "A1");
    assert_eq!(merged.validity().expires_at(), at(1000));
    assert_eq!(merged.refresh().unwrap().expose(), "R2");
    assert_eq!(merged.refresh_expires_at(), Some(at(9000)));
    assert_eq!(
        (merged.generation(), merged.scopes()),
        (Generation::new(5), &["s".to_owned()][..])
    );
    assert_eq!(merged.extra("host").unwrap().expose(), "new");
}

// FAULTS.md row 49
#[test]
fn oddities_of_an_answer_are_recorded_on_its_token() {
    let odd = Token::builder(Secret::from("A"), Validity::expired())
        .odd("one")
        .odd("two")
        .build()
        .unwrap();
    assert_eq!(odd.oddities(), ["one", "two"]);
}

// FAULTS.md row 87
#[test]
fn a_token_that_includes_its_scheme_is_not_sent_with_two() {
    for access in ["Bearer A1", "bearer  A1", "A1"] {
        let token = Token::builder(Secret::from(access), Validity::expired())
            .build()
            .unwrap();
        assert_eq!(token.headers()["authorization"], "Bearer A1", "{access}");
        assert_eq!(token.access().expose(), "A1");
        assert_eq!(token.oddities().is_empty(), access == "A1");
    }
}

// FAULTS.md scenario 6
#[test]
fn scopes_and_extras_that_a_refresh_omits_are_kept() {
    let first = Token::builder(Secret::from("A1"), Validity::new(at(0), at(100)))
        .refresh(Secret::from("R1"))
        .scopes(["read".to_owned(), "write".to_owned()])
        .extra("id_token", Secret::from("id-1"))
        .extra("host", Secret::from("h-1"))
        .build()
        .unwrap();
    let second = token("A2", Some("R2"), 50, 150).merged_with_previous(&first);
    assert_eq!(second.scopes(), ["read", "write"]);
    assert_eq!(second.extra("id_token").unwrap().expose(), "id-1");
    let third = Token::builder(Secret::from("A3"), Validity::new(at(100), at(200)))
        .scopes(["read".to_owned()])
        .extra("host", Secret::from("h-3"))
        .build()
        .unwrap()
        .merged_with_previous(&second);
    assert_eq!(third.scopes(), ["read"]);
    assert_eq!(third.extra("host").unwrap().expose(), "h-3");
    assert_eq!(third.extra("id_token").unwrap().expose(), "id-1");
    assert_eq!(third.refresh().unwrap().expose(), "R2");
}

// FAULTS.md scenario 7
#[test]
fn the_refresh_window_follows_the_lifetime_of_the_new_token() {
    let long = token("A1", Some("R1"), 0, 21_600);
    let short = token("A2", Some("R2"), 16_200, 16_800).merged_with_previous(&long);
    assert_eq!(short.validity().refresh_at(), at(16_650));
    assert_eq!(short.validity().usable_until(), at(16_770));
}

#[test]
fn a_session_that_a_refresh_repeats_still_slides() {
    let idle = Duration::from_secs(1000);
    let session = |asked_at| {
        let validity = Validity::sliding(at(asked_at), idle).ending_by(at(9000));
        Token::builder(Secret::from("S1"), validity)
            .build()
            .unwrap()
    };
    let repeated = session(900).merged_with_previous(&session(0));
    assert_eq!(
        repeated.validity().expires_at(),
        at(1000),
        "it is not extended"
    );
    let used = repeated.validity().used_at(at(990));
    assert_eq!(used.expires_at(), at(1990));
    assert_eq!(used.last_end(), Some(at(9000)));
}

#[test]
fn a_token_for_many_threads_has_the_same_header_on_each_and_one_text() {
    let validity = Validity::without_end(Timestamp::from_unix_seconds(0));
    let build = |placement| {
        let token = Token::builder(Secret::from("A1"), validity);
        token.placement(placement).build().unwrap()
    };
    for threads in [0, 1, 2, 3, 100] {
        let token = build(TokenPlacement::Bearer).for_threads(threads);
        let values: Vec<_> = std::thread::scope(|scope| {
            let sending: Vec<_> = (0..4).map(|_| scope.spawn(|| token.headers())).collect();
            let sent = sending.into_iter().map(|thread| thread.join().unwrap());
            sent.map(|headers| headers["authorization"].clone())
                .collect()
        });
        let text = token.access().expose().as_ptr();
        for value in values {
            assert!(value.is_sensitive() && value == "Bearer A1", "{threads}");
            assert_eq!(value.as_bytes()["Bearer ".len()..].as_ptr(), text);
        }
    }
    let in_query = build(TokenPlacement::Query("token".into())).for_threads(2);
    assert!(in_query.headers().is_empty() && in_query.access().expose() == "A1");
}

mod memory;
