//! The mark in a record that the vendor refused its grant. Until another record replaces it, no
//! process sends its refresh token unless a caller asks for a token.

use token_core::store::{Due, Record, StoreError};
use token_core::{Error, Timestamp};

use super::parse;
use super::refused::Refused;
use super::text::to_json;

/// Returns the same record with the mark: the vendor refused its grant at this local time.
pub(crate) fn marked(
    record: &Record,
    refusal: &Error,
    now: Timestamp,
) -> Result<Record, StoreError> {
    let mut written = parse(record)?;
    written.refused = Some(Refused::by(refusal, now));
    let body = to_json(&written, record.body.expose().len())
        .map_err(|_| StoreError::new("the token could not be serialized"))?;
    Ok(Record {
        body,
        due_at: Some(Due::OF_REFUSED),
        ..record.clone()
    })
}

/// Returns the refusal that a record is marked with.
pub(crate) fn refusal(record: &Record) -> Option<Error> {
    // Few are, and this is in plain text.
    if record.due_at != Some(Due::OF_REFUSED) {
        return None;
    }
    Some(parse(record).ok()?.refused?.to_error())
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use token_core::{ErrorKind, Generation, Scrubber, Secret, Token};

    use super::super::{fingerprint, read};
    use super::*;

    /// As written by a version that knows no mark.
    const UNMARKED: &str = concat!(
        r#"{"version":1,"written_at":1000000,"access":"A","placement":"bearer","refresh":"R","#,
        r#""refresh_expires_at":9000000,"issued_at":1000000,"expires_at":2000000,"#,
        r#""refreshable_from":1000000,"scopes":["a"],"extras":{"host":"x","id":{"hex":"6122"}}}"#,
    );
    const MARKED: &str = concat!(
        r#"{"version":1,"written_at":1000000,"access":"A","placement":"bearer","refresh":"R","#,
        r#""refresh_expires_at":9000000,"issued_at":1000000,"expires_at":2000000,"#,
        r#""refreshable_from":1000000,"scopes":["a"],"extras":{"host":"x","id":{"hex":"6122"}},"#,
        r#""refused":{"at":1500000,"code":"invalid_grant"}}"#,
    );

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn record(body: &str) -> Record {
        let key = token_core::TokenKey::of("v", "h", "g");
        let token = Token::from_refresh_token(Secret::from("R")).unwrap();
        Record::new(
            fingerprint(&key, &token),
            Generation::new(7),
            Secret::from(body),
        )
    }

    fn refused_by_the_vendor() -> Error {
        let error = Error::new(ErrorKind::Rejected, "the grant is dead");
        error.with_code("invalid_grant", &Scrubber::new([]))
    }

    #[test]
    fn a_record_is_marked_as_before_and_is_the_same_otherwise() {
        let unmarked = Record {
            due_at: Some(at(1900)),
            grant_ends_at: Some(at(9000)),
            ..record(UNMARKED)
        };
        let marked = marked(&unmarked, &refused_by_the_vendor(), at(1500)).unwrap();
        assert_eq!(marked.body.expose(), MARKED);
        assert_eq!(marked.id(), unmarked.id());
        assert_eq!(marked.due_at, Some(Due::OF_REFUSED));
        assert_eq!(marked.grant_ends_at, unmarked.grant_ends_at);
        let (age, now) = (Duration::from_secs(600), at(1600));
        let [before, after] = [&unmarked, &marked].map(|record| read(record, age, now).unwrap());
        assert!(before.same_secrets_as(&after));
        assert_eq!(before.validity(), after.validity());
    }

    #[test]
    fn a_mark_comes_back_as_the_refusal_and_a_record_without_one_has_none() {
        let marked = Record {
            due_at: Some(Due::OF_REFUSED),
            ..record(MARKED)
        };
        let told = refusal(&marked).unwrap();
        assert_eq!(told.kind(), ErrorKind::Rejected);
        assert_eq!(told.code(), Some("invalid_grant"));
        assert!(told.to_string().contains("since 1970-01-01T00:25:00Z"));
        let other = |body, due_at| Record {
            due_at,
            ..record(body)
        };
        for due_at in [None, Some(at(1900)), Some(Due::OF_REFUSED)] {
            assert!(refusal(&other(UNMARKED, due_at)).is_none());
        }
        assert!(refusal(&other(MARKED, Some(at(1900)))).is_none());
    }

    #[test]
    fn what_a_later_version_adds_is_ignored() {
        let later = MARKED.replace(r#""at":1500000"#, r#""at":1500000,"why":{"a":1}"#);
        let later = later.replace(r#""version":1"#, r#""version":1,"later":[1]"#);
        let later = Record {
            due_at: Some(Due::OF_REFUSED),
            ..record(&later)
        };
        assert!(read(&later, Duration::ZERO, at(1000)).is_ok());
        assert!(refusal(&later).is_some());
    }
}
