//! Concurrent processes, stopped ones, and ones on a disk that fails.

use std::process::Command;
use std::time::Duration;

use token_core::TokenStore;
use token_core::store::Acquired;

use crate::child::Process;
use crate::fixture::{Fixture, LONG, fingerprint, key, owner, stored, takes_lease};

// FAULTS.md row 10
#[cfg(unix)]
#[tokio::test]
async fn a_stopped_process_loses_its_lease_by_time_and_commits_late() {
    let fixture = Fixture::with_a_record().await;
    let mut process = Process::start("hold", &fixture.directory(), None);
    process.expect("held");
    process.signal("-STOP");
    let store = fixture.store();
    let Acquired::Busy { left, .. } = store.acquire(&key(), &owner(2), LONG).await.unwrap() else {
        panic!("the lease of a stopped owner was granted at once");
    };
    // tidy: sleeps because the lease ends by the machine's clock, which no test can move
    tokio::time::sleep(left + Duration::from_millis(5)).await;
    assert!(takes_lease(&store, 2).await);
    process.signal("-CONT");
    process.tell();
    process.expect("committed late");
    assert_eq!(stored(&store).await, Some(2));
    let third = store.acquire(&key(), &owner(3), LONG).await.unwrap();
    assert!(
        matches!(third, Acquired::Busy { .. }),
        "the continued process kept the lease"
    );
}

#[tokio::test]
async fn the_lease_of_a_killed_process_ends_at_once() {
    let fixture = Fixture::with_a_record().await;
    let mut process = Process::start("race", &fixture.directory(), None);
    process.expect("ready");
    process.tell();
    process.expect("lease and commit");
    let store = fixture.store();
    let busy = store.acquire(&key(), &owner(2), LONG).await.unwrap();
    assert!(matches!(busy, Acquired::Busy { left, .. } if left > LONG / 2));
    process.kill();
    assert!(takes_lease(&store, 2).await);
}

// FAULTS.md rows 1 and 42
#[tokio::test]
async fn of_many_processes_one_holds_the_lease_and_one_successor_is_stored() {
    let fixture = Fixture::with_a_record().await;
    let mut processes: Vec<_> = (0..16)
        .map(|_| Process::start("race", &fixture.directory(), None))
        .collect();
    for process in &mut processes {
        process.expect("ready");
    }
    for process in &mut processes {
        process.tell();
    }
    let said: Vec<_> = processes.iter_mut().filter_map(Process::hear).collect();
    let count = |what: &str| said.iter().filter(|said| said.contains(what)).count();
    assert_eq!(
        (said.len(), count("lease"), count("commit")),
        (16, 1, 1),
        "{said:?}"
    );
    let entry = fixture.store().load(&key()).await.unwrap();
    assert!(
        entry
            .record
            .is_some_and(|record| record.fingerprint != fingerprint(1))
    );
}

// FAULTS.md row 5; by the shell's limit on file sizes, which also applies to the superuser
#[cfg(unix)]
#[tokio::test]
async fn a_full_disk_is_an_error_before_anything_is_spent() {
    let fixture = Fixture::with_a_record().await;
    let mut shell = Command::new("sh");
    shell
        .args(["-c", "trap '' XFSZ; ulimit -f 0; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap());
    let mut process = Process::run(shell, "full disk", &fixture.directory(), None);
    for _ in ["the lease", "the commit"] {
        let said = process.hear().unwrap();
        assert!(said.contains("no room for the token file"), "{said}");
    }
    process.expect("the live token is served");
    assert_eq!(stored(&fixture.store()).await, Some(1));
}
