use vendor_auth::Secret;
use vendor_auth::types::Generation;
use vendor_auth::types::store::{Intent, Owner, Record, RefreshFingerprint};

use super::*;

const HOUR_MS: i64 = 3_600_000;
const SECOND_US: i64 = 1_000_000;

/// Returns a journal of jumps of an hour each, made at these numbers of seconds before now.
fn jumped_before_now(file: &str, seconds: &[i64]) -> ClockJumps {
    let path = std::env::temp_dir().join(format!("chaos-jumps-{file}-{}", std::process::id()));
    let jumps = ClockJumps::make(&path).unwrap();
    let now = machine_us();
    for (place, ago) in seconds.iter().enumerate() {
        let from_us = now - ago * SECOND_US;
        let until_us = from_us + 100;
        let place = u64::try_from(place).unwrap();
        jumps
            .write(place, Span { from_us, until_us }, HOUR_MS)
            .unwrap();
    }
    std::fs::remove_file(path).unwrap();
    jumps
}

fn message(record_age: u64, intent_age: u64) -> Entry {
    let fingerprint = RefreshFingerprint([0; 32]);
    let mut entry = Entry::default();
    entry.record = Some(Record::new(
        fingerprint,
        Generation::new(1),
        Secret::from("any"),
    ));
    entry.record_age = Duration::from_secs(record_age);
    entry.intent = Some(Intent {
        owner: Owner::named("any"),
        fingerprint: Some(fingerprint),
        generation: Generation::new(1),
    });
    entry.intent_age = Duration::from_secs(intent_age);
    entry
}

fn hours(hours: u64) -> Duration {
    Duration::from_secs(hours * 3600)
}

#[test]
fn a_record_older_than_a_jump_ages_by_it() {
    let jumps = jumped_before_now("older", &[300, 200, 100]);
    let translated = jumps.translate(message(250, 50), machine_us());
    assert_eq!(
        translated.entry.record_age,
        hours(2) + Duration::from_secs(250)
    );
    assert_eq!(translated.entry.intent_age, Duration::from_secs(50));
    assert!(!translated.is_doubtful);
}

#[test]
fn after_a_slow_answer_a_record_counts_as_older_and_an_intent_as_younger() {
    let jumps = jumped_before_now("open", &[100]);
    let asked_us = machine_us() - 60 * SECOND_US;
    let translated = jumps.translate(message(90, 90), asked_us);
    assert!(translated.is_doubtful);
    assert_eq!(
        translated.entry.record_age,
        hours(1) + Duration::from_secs(90)
    );
    assert_eq!(translated.entry.intent_age, Duration::from_secs(90));
}

#[test]
fn a_key_without_an_entry_has_no_age() {
    let jumps = jumped_before_now("nothing", &[10]);
    let translated = jumps.translate(Entry::default(), machine_us() - 60 * SECOND_US);
    assert_eq!(translated.entry.record_age, Duration::ZERO);
    assert!(!translated.is_doubtful);
}

#[test]
fn a_process_that_opens_the_journal_later_reads_every_jump() {
    let path = std::env::temp_dir().join(format!("chaos-jumps-later-{}", std::process::id()));
    let jumps = ClockJumps::make(&path).unwrap();
    let before = machine_us();
    for _ in 0..2 {
        jumps.during(HOUR_MS, || Ok(())).unwrap();
    }
    let later = ClockJumps::open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    assert_eq!(later.after_ms(before - 1), 2 * HOUR_MS);
    assert_eq!(later.after_ms(machine_us() + 1), 0);
}

#[test]
fn a_jump_that_is_being_made_is_open() {
    let path = std::env::temp_dir().join(format!("chaos-jumps-amid-{}", std::process::id()));
    let jumps = ClockJumps::make(&path).unwrap();
    let later = ClockJumps::open(&path).unwrap();
    std::fs::remove_file(path).unwrap();
    jumps
        .during(HOUR_MS, || {
            assert!(later.translate(message(0, 0), machine_us()).is_doubtful);
            Ok(())
        })
        .unwrap();
}
