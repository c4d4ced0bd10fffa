//! How a token is written into a store: versioned JSON, which the store may seal; and the
//! fingerprint of its refresh token.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;
use token_core::store::{Due, Record, RefreshFingerprint, StoreError};
use token_core::{Generation, Timestamp, Token, TokenKey};

use self::refused::Refused;
use self::text::{Text, to_json};
use self::times::Times;

pub(super) mod mark;
mod placement;
mod refused;
mod text;
mod times;

const VERSION: u32 = 1;

#[derive(Serialize, Deserialize)]
struct Document<'a> {
    version: u32,
    written_at: i64,
    #[serde(borrow)]
    access: Text<'a>,
    placement: Cow<'a, str>,
    refresh: Option<Text<'a>>,
    refresh_expires_at: Option<i64>,
    issued_at: i64,
    expires_at: i64,
    refreshable_from: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    requested_refresh_at: Option<i64>,
    /// How long a session lives after its last use, in milliseconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    idle: Option<u64>,
    /// The end that no use moves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    ends_by: Option<i64>,
    scopes: Vec<Cow<'a, str>>,
    extras: BTreeMap<Cow<'a, str>, Text<'a>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    refused: Option<Refused>,
}

impl Document<'_> {
    fn times(&self) -> Times {
        let at = Timestamp::from_unix_millis;
        Times {
            written_at: at(self.written_at),
            issued_at: at(self.issued_at),
            expires_at: at(self.expires_at),
            refreshable_from: at(self.refreshable_from),
            requested_refresh_at: self.requested_refresh_at.map(at),
            idle: self.idle.map(Duration::from_millis),
            ends_by: self.ends_by.map(at),
        }
    }
}

/// Returns the record of a token under this key, written at the local time `now`.
pub(crate) fn write(key: &TokenKey, token: &Token, now: Timestamp) -> Result<Record, StoreError> {
    let validity = token.validity();
    let written = Document {
        version: VERSION,
        written_at: now.unix_millis(),
        access: token.access().into(),
        placement: placement::name_of(token.placement())?,
        refresh: token.refresh().map(Into::into),
        refresh_expires_at: token.refresh_expires_at().map(Timestamp::unix_millis),
        issued_at: validity.issued_at().unix_millis(),
        expires_at: validity.expires_at().unix_millis(),
        refreshable_from: validity.refreshable_from().unix_millis(),
        requested_refresh_at: validity.requested_refresh_at().map(Timestamp::unix_millis),
        idle: validity.idle().map(times::millis),
        ends_by: validity
            .last_end()
            .filter(|_| validity.idle().is_some())
            .map(Timestamp::unix_millis),
        scopes: token.scopes().iter().map(Into::into).collect(),
        extras: token
            .extras()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
        refused: None,
    };
    let body =
        to_json(&written).map_err(|_| StoreError::new("the token could not be serialized"))?;
    let mut record = Record::new(fingerprint(key, token), token.generation(), body);
    let due_at = validity.ends().map(|_| validity.refresh_at());
    record.due_at = due_at.filter(|at| *at < Due::OF_REFUSED);
    record.grant_ends_at = token.refresh_expires_at();
    Ok(record)
}

/// Returns the token of a record at the local time `now`; the store says that it was committed
/// `age` ago.
///
/// The clocks of writer and reader may differ, and neither may make the token live longer than it
/// does. So there are two opinions on its end, of which the earlier counts: what the writer's clock
/// said, less what it is ahead of the reader's by that age; and what was left when it was written,
/// less that age.
pub(crate) fn read(record: &Record, age: Duration, now: Timestamp) -> Result<Token, StoreError> {
    let written = parse(record)?;
    let token = Token::builder(
        written.access.to_secret(),
        written.times().validity(age, now),
    )
    .placement(placement::named(&written.placement).ok_or_else(foreign)?)
    .refresh(written.refresh.as_ref().map(Text::to_secret))
    .refresh_expires_at(written.refresh_expires_at.map(Timestamp::from_unix_millis))
    .scopes(written.scopes.into_iter().map(Cow::into_owned))
    .generation(Generation::new(record.generation.number()));
    let with_extras = written
        .extras
        .into_iter()
        .fold(token, |token, (name, value)| {
            token.extra(name.into_owned(), value.to_secret())
        });
    with_extras.build().map_err(|_| foreign())
}

fn parse(record: &Record) -> Result<Document<'_>, StoreError> {
    let written: Document<'_> =
        serde_json::from_str(record.body.expose()).map_err(|_| foreign())?;
    match written.version {
        VERSION => Ok(written),
        _ => Err(StoreError::new(
            "the stored record was written by a newer version; it is left unchanged",
        )),
    }
}

fn foreign() -> StoreError {
    StoreError::new("the stored record was not written by this library; it is left unchanged")
}

/// Returns the keyed hash of what a refresh of `token` spends: it names it without revealing it.
pub(crate) fn fingerprint(key: &TokenKey, token: &Token) -> RefreshFingerprint {
    let credential = token.refresh_credential().expose().as_bytes();
    // HMAC takes a key of any length, so this cannot fail. If it did, all fingerprints would be
    // alike, and no second token would commit.
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key.as_str().as_bytes()) else {
        return RefreshFingerprint([0; 32]);
    };
    mac.update(credential);
    RefreshFingerprint(mac.finalize().into_bytes().into())
}

#[cfg(test)]
mod tests {
    use http::HeaderName;
    use token_core::{Secret, TokenPlacement, Validity};

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
        let named =
            token().with_validity(Validity::new(at(1000), at(2000)).with_refresh_at(at(1300)));
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
}
