//! What the scripts answer.

use std::time::Duration;

use redis::{FromRedisValue, Value};
use token_core::sealing::Sealing;
use token_core::store::{Acquired, Entry, Intent, Lineage, Owner, Record, StoreError};
use token_core::{Generation, Key};

/// Any answer of a script or command as a value of Rust.
pub(crate) fn read<T: FromRedisValue>(answer: Value) -> Result<T, StoreError> {
    redis::from_redis_value(answer).map_err(|_| foreign())
}

/// What `acquire.lua` says: who has the lease, and what is kept.
pub(crate) fn acquired(answer: Value, key: &Key, sealing: &Sealing) -> Result<Acquired, StoreError> {
    let (left, kept) = read::<(u64, Value)>(answer)?;
    let entry = entry(kept, key, sealing)?;
    Ok(match left {
        0 => Acquired::Held(entry),
        left => Acquired::Busy {
            left: Duration::from_millis(left),
            entry,
        },
    })
}

/// What `entry.lua` found.
pub(crate) fn entry(answer: Value, key: &Key, sealing: &Sealing) -> Result<Entry, StoreError> {
    // In the order of the script's answer.
    let (lineage, generation, body, owner, spends, age, tombstoned, record_age, removed) =
        read::<(_, _, _, Option<String>, _, _, u8, _, Option<u64>)>(answer)?;
    let mut entry = Entry::default();
    entry.record = record(lineage, generation, body, key, sealing)?;
    entry.record_age = Duration::from_millis(record_age);
    entry.intent = owner.map(|owner| intent(owner, spends)).transpose()?;
    entry.intent_age = Duration::from_millis(age);
    entry.tombstoned = tombstoned == 1;
    entry.tombstoned_generation = removed.map(Generation::new);
    Ok(entry)
}

fn record(
    lineage: Option<String>,
    generation: Option<u64>,
    body: Option<String>,
    key: &Key,
    sealing: &Sealing,
) -> Result<Option<Record>, StoreError> {
    match (lineage, generation, body) {
        (None, None, None) => Ok(None),
        (Some(lineage), Some(generation), Some(body)) => {
            let lineage = from_hex(&lineage)?;
            let generation = Generation::new(generation);
            let body = sealing.open(key, lineage, generation, &body)?;
            Ok(Some(Record::new(lineage, generation, body)))
        }
        _ => Err(foreign()),
    }
}

fn intent(owner: String, spends: Option<String>) -> Result<Intent, StoreError> {
    let spends = spends.filter(|spends| !spends.is_empty());
    let lineage = spends.as_deref().map(from_hex).transpose()?;
    Ok(Intent {
        owner: Owner::named(owner),
        lineage,
        generation: Generation::default(),
    })
}

pub(crate) fn hex(lineage: Lineage) -> String {
    lineage.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Result<Lineage, StoreError> {
    let digit = |byte: u8| char::from(byte).to_digit(16);
    let byte = |pair: &[u8]| match *pair {
        [high, low] => u8::try_from(digit(high)? * 16 + digit(low)?).ok(),
        _ => None,
    };
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(byte).collect();
    bytes
        .and_then(|bytes| bytes.try_into().ok())
        .map(Lineage)
        .ok_or_else(foreign)
}

fn foreign() -> StoreError {
    StoreError::new("what is stored in Redis is not one of ours; it is kept as it is")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lineage_is_written_and_read() {
        let lineage = Lineage(std::array::from_fn(|index| u8::try_from(index * 8).unwrap()));
        assert_eq!(from_hex(&hex(lineage)).unwrap(), lineage);
        for wrong in ["", "0", "zz", hex(lineage).trim_start_matches('0'), "é"] {
            assert!(from_hex(wrong).is_err(), "{wrong}");
        }
    }
}
