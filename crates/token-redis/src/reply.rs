//! Reads the answers of the scripts.

use std::str::FromStr;
use std::time::Duration;

use redis::{FromRedisValue, Value};
use token_core::store::{Acquired, Entry, Intent, Owner, Record, RefreshFingerprint, StoreError};
use token_core::{Generation, Timestamp, TokenKey};
use token_sealing::Sealing;

/// Converts an answer of a script or command.
pub(crate) fn read<T: FromRedisValue>(answer: Value) -> Result<T, StoreError> {
    redis::from_redis_value(answer).map_err(|_| not_a_record())
}

/// Reads the answer of `acquire.lua`: the remaining time of another owner's lease, and the entry.
pub(crate) fn acquired(
    answer: Value,
    key: &TokenKey,
    sealing: &Sealing,
) -> Result<Acquired, StoreError> {
    let (left, kept) = read::<(u64, Value)>(answer)?;
    let (entry, _) = looked(kept, key, sealing)?;
    Ok(match left {
        0 => Acquired::Held(entry),
        left => Acquired::Busy {
            left: Duration::from_millis(left),
            entry,
        },
    })
}

/// Reads the answer of `entry.lua`: the entry, and whether any owner holds the lease.
pub(crate) fn looked(
    answer: Value,
    key: &TokenKey,
    sealing: &Sealing,
) -> Result<(Entry, bool), StoreError> {
    // In the order of the script.
    let (fields, record_age, (owner, spends, generation), intent_age, tombstone, is_leased) =
        read::<(
            Vec<Option<String>>,
            _,
            (_, _, _),
            _,
            (u8, Option<u64>, Option<String>),
            bool,
        )>(answer)?;
    let mut entry = Entry::default();
    entry.record = record(&fields, key, sealing)?;
    entry.record_age = Duration::from_millis(record_age);
    entry.intent = intent(owner, spends, generation)?;
    entry.intent_age = Duration::from_millis(intent_age);
    let (is_there, generation, initial) = tombstone;
    entry.tombstoned = is_there == 1;
    entry.tombstoned_generation = generation.map(Generation::new);
    entry.tombstoned_initial = initial.as_deref().map(from_hex).transpose()?;
    Ok((entry, is_leased))
}

/// Reads a record from `fingerprint`, `generation`, `body`, `due_at`, `grant_ends_at`, `initial`,
/// in this order; more fields may follow.
pub(crate) fn record(
    fields: &[Option<String>],
    key: &TokenKey,
    sealing: &Sealing,
) -> Result<Option<Record>, StoreError> {
    let [
        fingerprint,
        generation,
        body,
        due_at,
        grant_ends_at,
        initial,
        ..,
    ] = fields
    else {
        return Err(not_a_record());
    };
    let (fingerprint, generation, body) = match (fingerprint, generation, body) {
        (None, None, None) => return Ok(None),
        (Some(fingerprint), Some(generation), Some(body)) => (fingerprint, generation, body),
        _ => return Err(not_a_record()),
    };
    let fingerprint = from_hex(fingerprint)?;
    let generation = Generation::new(number(generation)?);
    let body = sealing.open(key, fingerprint, generation, body)?;
    let instant = |millis: &String| number(millis).map(Timestamp::from_unix_millis);
    Ok(Some(Record {
        due_at: due_at.as_ref().map(instant).transpose()?,
        grant_ends_at: grant_ends_at.as_ref().map(instant).transpose()?,
        initial: initial.as_deref().map(from_hex).transpose()?,
        ..Record::new(fingerprint, generation, body)
    }))
}

fn number<N: FromStr>(text: &str) -> Result<N, StoreError> {
    text.parse().map_err(|_| not_a_record())
}

/// Pairs fields with their previous values; an empty string stands for a missing field.
pub(crate) fn pairs<'a>(
    fields: &[&'static str],
    values: &'a [Option<String>],
) -> Vec<(&'static str, &'a str)> {
    let values = values
        .iter()
        .map(|value| value.as_deref().unwrap_or_default());
    fields.iter().copied().zip(values).collect()
}

fn intent(
    owner: Option<String>,
    spends: Option<String>,
    generation: Option<u64>,
) -> Result<Option<Intent>, StoreError> {
    let Some(owner) = owner else {
        return Ok(None);
    };
    let spends = spends.filter(|spends| !spends.is_empty());
    Ok(Some(Intent {
        owner: Owner::named(owner),
        fingerprint: spends.as_deref().map(from_hex).transpose()?,
        generation: Generation::new(generation.unwrap_or_default()),
    }))
}

pub(crate) fn hex(fingerprint: RefreshFingerprint) -> String {
    base16ct::lower::encode_string(&fingerprint.0)
}

fn from_hex(text: &str) -> Result<RefreshFingerprint, StoreError> {
    let mut bytes = [0; 32];
    let decoded = base16ct::mixed::decode(text, &mut bytes).map_err(|_| not_a_record())?;
    if decoded.len() != 32 {
        return Err(not_a_record());
    }
    Ok(RefreshFingerprint(bytes))
}

fn not_a_record() -> StoreError {
    StoreError::new("the value in Redis is not a token record; it is left unchanged")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fingerprint_is_written_and_read() {
        let fingerprint = RefreshFingerprint(std::array::from_fn(|index| {
            u8::try_from(index * 8).unwrap()
        }));
        assert_eq!(from_hex(&hex(fingerprint)).unwrap(), fingerprint);
        for wrong in ["", "0", "zz", hex(fingerprint).trim_start_matches('0'), "é"] {
            assert!(from_hex(wrong).is_err(), "{wrong}");
        }
    }
}
