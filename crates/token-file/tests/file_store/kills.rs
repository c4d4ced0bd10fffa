//! `kill -9` before each step of each write.

use std::collections::BTreeSet;

use token_core::TokenStore;
use token_core::store::{CommitCondition, Committed};

use crate::child::Process;
use crate::fixture::{Fixture, child_of, commit, intent, key, stored, takes_lease};

/// What a killed child had done before.
pub(crate) struct Death {
    pub(crate) said: BTreeSet<String>,
    pub(crate) before: String,
}

/// Starts the task, and kills it before the step with this number; `None` if it ended before.
pub(crate) fn killed(task: &str, fixture: &Fixture, step: usize) -> Option<Death> {
    let mut process = Process::start(task, &fixture.directory(), Some(step));
    let mut said = BTreeSet::new();
    loop {
        let line = process.hear()?;
        let Some(before) = line.strip_prefix("before ") else {
            said.insert(line);
            continue;
        };
        process.kill();
        let before = before.to_owned();
        return Some(Death { said, before });
    }
}

// FAULTS.md row 2, and issue 3: every write, each point once
#[tokio::test]
async fn a_process_that_is_killed_at_any_step_of_a_refresh_leaves_the_old_record_or_the_new() {
    let mut steps = BTreeSet::new();
    for step in 0.. {
        let fixture = Fixture::with_a_record().await;
        let Some(death) = killed("refresh", &fixture, step) else {
            break;
        };
        let store = fixture.store();
        let entry = store.load(&key()).await.unwrap();
        let number = stored(&store).await.unwrap();
        let when = format!("killed before step {step}, {}", death.before);
        if death.said.contains("committed") {
            assert_eq!((number, entry.intent.is_none()), (2, true), "{when}");
        }
        if death.said.contains("intended") && number == 1 {
            assert_eq!(entry.intent, Some(intent(1, 1)), "{when}");
        }
        assert!(
            takes_lease(&store, 2).await,
            "{when}: its lease ends with it"
        );
        let spilled = commit(&store, &child_of(1), 2).await;
        assert_eq!(spilled, Committed::Stored, "{when}");
        assert_eq!(stored(&store).await, Some(2), "{when}");
        steps.insert(death.before);
    }
    for wanted in [
        "OpenLock",
        "Create",
        "Write",
        "WriteRest",
        "Sync",
        "RemovePrevious",
        "KeepPrevious",
        "Rename",
        "SyncDirectory",
        "RemoveLease",
        "Done",
    ] {
        assert!(
            steps.contains(wanted),
            "nothing was killed before {wanted}: {steps:?}"
        );
    }
}

#[tokio::test]
async fn a_process_that_is_killed_at_any_step_of_the_first_login_leaves_nothing_or_the_record() {
    let mut steps = BTreeSet::new();
    for step in 0.. {
        let fixture = Fixture::empty();
        let Some(death) = killed("login", &fixture, step) else {
            break;
        };
        let number = stored(&fixture.store()).await;
        assert!(
            number.is_none() || number == Some(2),
            "before {}",
            death.before
        );
        let again = commit(&fixture.store(), &CommitCondition::Overwrite, 2).await;
        assert_eq!(again, Committed::Stored, "before {}", death.before);
        assert_eq!(stored(&fixture.store()).await, Some(2));
        steps.insert(death.before);
    }
    assert!(
        steps.contains("MakeDirectory") && steps.contains("Rename"),
        "{steps:?}"
    );
}

// FAULTS.md row 37
#[tokio::test]
async fn a_process_that_is_killed_at_any_step_of_a_logout_leaves_the_record_or_the_tombstone() {
    for step in 0.. {
        let fixture = Fixture::with_a_record().await;
        let Some(death) = killed("logout", &fixture, step) else {
            assert!(step > 5);
            break;
        };
        let entry = fixture.store().load(&key()).await.unwrap();
        assert_ne!(
            entry.tombstoned,
            entry.record.is_some(),
            "before {}",
            death.before
        );
        fixture.store().tombstone(&key()).await.unwrap();
        let late = commit(&fixture.store(), &child_of(1), 2).await;
        assert_eq!(late, Committed::Tombstoned);
    }
}

// FAULTS.md row 38
#[tokio::test]
async fn a_process_killed_while_it_replaces_a_torn_file_leaves_the_previous_copy_or_the_new() {
    for step in 0.. {
        let fixture = Fixture::with_a_record().await;
        let second = commit(&fixture.store(), &child_of(1), 9).await;
        assert_eq!(second, Committed::Stored);
        std::fs::write(fixture.file(), "torn").unwrap();
        let Some(death) = killed("refresh", &fixture, step) else {
            assert!(step > 20);
            break;
        };
        let number = stored(&fixture.store()).await;
        assert!(
            matches!(number, Some(1 | 2)),
            "before {}: {number:?}",
            death.before
        );
    }
}
