//! What a token keeps in memory.

use super::*;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

fn token(access: &str, refresh: Option<&str>) -> Token {
    let token = Token::builder(Secret::from(access), Validity::new(at(0), at(7200)));
    token.refresh(refresh.map(Secret::from)).build().unwrap()
}

/// Whether the header and both secrets are in one text, without anything else.
fn is_in_one_text(token: &Token) -> bool {
    let (access, refresh) = (token.access().expose(), token.refresh().unwrap().expose());
    let header = token.header().unwrap().1.as_bytes();
    let range = header.as_ptr_range();
    range.end == access.as_bytes().as_ptr_range().end
        && range.end == refresh.as_ptr()
        && header.len() == "Bearer ".len() + access.len()
}

#[test]
fn a_token_without_rare_parts_is_small() {
    assert!(size_of::<Token>() <= 112, "{}", size_of::<Token>());
}

#[test]
fn a_token_has_one_text_of_its_own_however_it_was_put_together() {
    let before = token("A1", Some("R1"));
    let after = token("A22", None).merged_with_previous(&before);
    let replaced = after.clone().with_refresh(Secret::from("R333"), None);
    let repeated = token("A4", Some("R4")).with_access_of(&before);
    for (token, access, refresh) in [
        (&before, "A1", "R1"),
        (&after, "A22", "R1"),
        (&replaced, "A22", "R333"),
        (&repeated, "A1", "R4"),
    ] {
        assert_eq!(token.access().expose(), access);
        assert_eq!(token.refresh().unwrap().expose(), refresh);
        assert_eq!(token.headers()["authorization"], format!("Bearer {access}"));
        assert!(is_in_one_text(token), "{access} {refresh}");
    }
    let texts = [&before, &after, &replaced, &repeated].map(|token| token.access().expose());
    assert!((1..4).all(|n| texts[n].as_ptr() != texts[n - 1].as_ptr()));
}

#[test]
fn numbers_that_do_not_fit_into_the_token_are_kept_all_the_same() {
    let far = Generation::new(u64::MAX);
    let session = Validity::sliding(at(0), Duration::from_secs(60)).ending_by(at(9000));
    let token = token("A1", Some("R1")).with_generation(far);
    let token = token.with_validity(session);
    assert_eq!((token.generation(), token.validity()), (far, session));
    let token = token.with_refresh(Secret::from("R2"), Some(at(40)));
    assert_eq!(token.refresh_expires_at(), Some(at(40)));
    assert_eq!(token.validity().refresh_at(), at(30));
    assert_eq!(token.generation(), far);
    let plain = Validity::new(at(0), at(7200));
    let token = token
        .with_generation(Generation::new(1))
        .with_validity(plain);
    assert_eq!(token.validity(), plain.with_refresh_token_until(at(40)));
    assert!(token.rest.is_none());
}
