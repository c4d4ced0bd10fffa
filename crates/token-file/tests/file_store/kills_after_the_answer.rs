//! `kill -9` between the vendor's answer and the durable record: a token that was complete on disk
//! survives.

use std::collections::BTreeSet;
use std::time::Duration;

use token_core::TokenStore;
use token_core::store::{Acquired, Committed};

use crate::child::Process;
use crate::fixture::{Fixture, LONG, child_of, commit, key, owner, record, stored, whole_record};
use crate::kills::killed;
use crate::unfinished::half_done;

/// Returns the newest token that is complete on disk, read from the files without the store.
fn whole_on_disk(fixture: &Fixture) -> u8 {
    let newest = whole_record(&fixture.file()).max(whole_record(&fixture.beside(".new")));
    newest.unwrap()
}

/// Returns what the next owner of the lease finds, which must be what is stored from then on.
async fn next_owner_finds(fixture: &Fixture, when: &str) -> u8 {
    let store = fixture.store();
    let held = store.acquire(&key(), &owner(2), LONG).await.unwrap();
    let Acquired::Held(entry) = held else {
        panic!("{when}: the lease of a killed process is busy");
    };
    let found = u8::try_from(entry.generation().unwrap().number()).unwrap();
    assert_eq!(stored(&store).await, Some(found), "{when}");
    assert!(!fixture.beside(".new").exists(), "{when}");
    found
}

// FAULTS.md row 97
#[tokio::test]
async fn a_token_that_was_complete_on_disk_survives_a_kill_at_any_step() {
    let mut saved = BTreeSet::new();
    for step in 0.. {
        let fixture = Fixture::with_a_record().await;
        let Some(death) = killed("next", &fixture, step) else {
            break;
        };
        let when = format!("killed before {}", death.before);
        let (file, whole) = (
            whole_record(&fixture.file()).unwrap(),
            whole_on_disk(&fixture),
        );
        if file < whole {
            saved.insert(death.before);
        }
        assert_eq!(next_owner_finds(&fixture, &when).await, whole, "{when}");
    }
    let wanted = ["Sync", "Rename"].map(String::from);
    assert_eq!(
        saved,
        BTreeSet::from(wanted),
        "where the file alone loses it"
    );
}

// FAULTS.md row 97
#[tokio::test]
async fn a_logout_after_a_kill_removes_and_returns_the_token_that_was_complete_on_disk() {
    for step in 0.. {
        let fixture = Fixture::with_a_record().await;
        let Some(death) = killed("next", &fixture, step) else {
            assert!(step > 15);
            break;
        };
        let (store, whole) = (fixture.store(), whole_on_disk(&fixture));
        let removed = store.tombstone(&key()).await.unwrap().unwrap();
        assert_eq!(
            removed.generation,
            record(whole).generation,
            "{}",
            death.before
        );
        let late = commit(&store, &child_of(1), 2).await;
        assert_eq!(late, Committed::Tombstoned, "{}", death.before);
    }
}

/// There cannot be a temporary file that is older than the file: a writer of a newer file completes
/// it first. So the record that the next owner finds is never older than one that was complete on
/// disk before, at whatever steps two successive processes died.
// FAULTS.md row 97
#[tokio::test]
async fn after_two_kills_at_any_two_steps_no_older_token_is_restored() {
    let mut newest = BTreeSet::new();
    for first in 0.. {
        let mut second = 0;
        loop {
            let fixture = Fixture::with_a_record().await;
            let Some(death) = killed("next", &fixture, first) else {
                assert_eq!(newest, BTreeSet::from([1, 2, 3]));
                return;
            };
            // The other steps leave nothing unfinished but an intent.
            if !death.said.contains("answered") || !fixture.beside(".new").exists() {
                break;
            }
            let before = whole_on_disk(&fixture);
            let death_of_second = killed("next", &fixture, second);
            let when = format!("{} and {second}", death.before);
            let whole = whole_on_disk(&fixture);
            assert!(whole >= before, "{when}: {before} became {whole}");
            assert_eq!(next_owner_finds(&fixture, &when).await, whole, "{when}");
            newest.insert(whole);
            if death_of_second.is_none() {
                break;
            }
            second += 1;
        }
    }
}

// FAULTS.md row 97
#[tokio::test]
async fn a_process_that_is_killed_while_it_completes_the_write_of_another_loses_nothing() {
    let mut steps = BTreeSet::new();
    for step in 0.. {
        let fixture = half_done().await;
        let Some(death) = killed("recover", &fixture, step) else {
            break;
        };
        assert_eq!(whole_on_disk(&fixture), 2, "before {}", death.before);
        assert_eq!(next_owner_finds(&fixture, &death.before).await, 2);
        steps.insert(death.before);
    }
    for wanted in ["WriteAgain", "Sync", "Rename", "SyncDirectory"] {
        assert!(steps.contains(wanted), "{steps:?}");
    }
}

// FAULTS.md row 97
#[tokio::test]
async fn a_process_killed_at_random_after_the_answer_loses_no_token_that_was_complete_on_disk() {
    const KILLS: u32 = 60;
    const LATEST: Duration = Duration::from_millis(30);
    for kill in 0..KILLS {
        let fixture = Fixture::with_a_record().await;
        let mut process = Process::start("next", &fixture.directory(), None);
        process.expect("answered");
        // Mostly early, when there is most to lose.
        let delay = LATEST * kill * kill / (KILLS * KILLS);
        // tidy: sleeps because a process is to be killed at a random moment of its real work
        std::thread::sleep(delay);
        process.kill();
        let whole = whole_on_disk(&fixture);
        let when = format!("killed {delay:?} after the answer");
        assert_eq!(next_owner_finds(&fixture, &when).await, whole, "{when}");
    }
}
