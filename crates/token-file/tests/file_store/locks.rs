//! Waiting for the lock: its time is measured by the clock, and an operation that was reported as
//! failed is not carried out later.

use std::fs::File;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::Duration;

use token_core::TokenStore;
use token_core::store::{Acquired, CommitCondition, Committed};
use token_file::FileStore;
use token_file::test_util::WriteStep;

use crate::fixture::{
    Fixture, LONG, child_of, commit, error_of, intent, key, owner, record, stored, whole_record,
};

/// Returns a store on a machine so slow that each attempt to lock takes this long, and the number
/// of attempts.
fn slow(fixture: &Fixture, each: Duration) -> (FileStore, Arc<AtomicU32>) {
    let looks = Arc::<AtomicU32>::default();
    let counted = Arc::clone(&looks);
    let store = fixture.store().before_each_step(move |step| {
        if step == WriteStep::OpenLock {
            counted.fetch_add(1, Ordering::SeqCst);
            // tidy: sleeps because a slow operating system is what is tested
            std::thread::sleep(each);
        }
        Ok(())
    });
    (store, looks)
}

// FAULTS.md row 92
#[tokio::test]
async fn the_wait_for_a_lock_is_measured_by_the_clock_however_slow_the_machine_is() {
    let fixture = Fixture::with_a_record().await;
    let lock = File::options()
        .write(true)
        .open(fixture.beside(".lock"))
        .unwrap();
    lock.try_lock().unwrap();
    let (store, looks) = slow(&fixture, Duration::from_millis(50));
    let store = store.lock_timeout(Duration::from_millis(200));
    let late = store.commit(&key(), &child_of(1), &record(2)).await;
    assert!(error_of(late).contains("stayed locked for too long"));
    let looks = looks.load(Ordering::SeqCst);
    assert!(
        (1..=5).contains(&looks),
        "{looks} looks of 50 ms within 200 ms"
    );
}

// FAULTS.md row 92
#[tokio::test]
async fn a_lock_that_is_acquired_too_late_is_not_used() {
    let fixture = Fixture::with_a_record().await;
    let (store, _) = slow(&fixture, Duration::from_millis(20));
    let store = store.lock_timeout(Duration::from_millis(5));
    error_of(store.acquire(&key(), &owner(1), LONG).await);
    error_of(store.commit(&key(), &child_of(1), &record(2)).await);
    error_of(store.tombstone(&key()).await);
    assert!(!fixture.beside(".lease").exists());
    assert_eq!(stored(&fixture.store()).await, Some(1));
}

/// Returns a store that waits at this step until it is told to continue.
fn waiting_at(fixture: &Fixture, step: WriteStep) -> (FileStore, Receiver<()>, Sender<()>) {
    let (arrived, arrival) = channel();
    let (go, told) = channel();
    let told = std::sync::Mutex::new(told);
    let store = fixture.store().before_each_step(move |asked| {
        if asked == step {
            arrived.send(()).unwrap();
            told.lock().unwrap().recv().unwrap();
        }
        Ok(())
    });
    (store, arrival, go)
}

/// Starts the operation, drops its future when its thread is at the step, and lets the thread
/// continue to its end.
async fn abandoned_at<F>(fixture: &Fixture, step: WriteStep, operation: impl FnOnce(FileStore) -> F)
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    let (store, arrival, go) = waiting_at(fixture, step);
    let caller = tokio::spawn(operation(store));
    let arrival = tokio::task::spawn_blocking(move || arrival.recv().unwrap());
    arrival.await.unwrap();
    caller.abort();
    assert!(caller.await.is_err_and(|error| error.is_cancelled()));
    go.send(()).unwrap();
}

// FAULTS.md row 92
#[tokio::test]
async fn an_intent_or_a_logout_whose_future_is_dropped_is_not_carried_out() {
    let fixture = Fixture::with_a_record().await;
    let store = fixture.store();
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    abandoned_at(&fixture, WriteStep::Sync, async |store: FileStore| {
        store.write_intent(&key(), &intent(1, 1)).await
    })
    .await;
    abandoned_at(&fixture, WriteStep::Sync, async |store: FileStore| {
        store.tombstone(&key()).await
    })
    .await;
    // This takes the lock after them.
    store.renew(&key(), &owner(1), LONG).await.unwrap();
    let entry = store.load(&key()).await.unwrap();
    assert!(entry.intent.is_none() && !entry.tombstoned);
    assert_eq!(stored(&store).await, Some(1));
    assert!(!fixture.beside(".new").exists());
}

// FAULTS.md row 92
#[tokio::test]
async fn a_lease_whose_future_is_dropped_is_not_acquired() {
    let fixture = Fixture::with_a_record().await;
    abandoned_at(&fixture, WriteStep::Rename, async |store: FileStore| {
        store.acquire(&key(), &owner(1), LONG).await
    })
    .await;
    let store = fixture.store();
    store.release(&key(), &owner(9)).await.unwrap();
    let next = store.acquire(&key(), &owner(2), LONG).await.unwrap();
    assert!(matches!(next, Acquired::Held(_)));
}

/// The write was not reported as failed, and the token may be the only valid one.
#[tokio::test]
async fn a_token_whose_future_is_dropped_during_its_write_is_stored() {
    let fixture = Fixture::with_a_record().await;
    abandoned_at(&fixture, WriteStep::Create, async |store: FileStore| {
        store.commit(&key(), &child_of(1), &record(2)).await
    })
    .await;
    let store = fixture.store();
    let again = commit(&store, &child_of(1), 2).await;
    assert_eq!(again, Committed::Stored);
    assert_eq!(
        whole_record(&fixture.beside(".previous")),
        Some(2),
        "it was there"
    );
}

// FAULTS.md row 92; otherwise a login that was reported as failed would undo the logout after it
#[tokio::test]
async fn a_commit_that_was_reported_as_failed_does_not_undo_a_later_logout() {
    let fixture = Fixture::with_a_record().await;
    let lock = File::options()
        .write(true)
        .open(fixture.beside(".lock"))
        .unwrap();
    lock.try_lock().unwrap();
    let impatient = fixture.store().lock_timeout(Duration::from_millis(30));
    let login = impatient
        .commit(&key(), &CommitCondition::Overwrite, &record(2))
        .await;
    error_of(login);
    lock.unlock().unwrap();
    let store = fixture.store();
    store.tombstone(&key()).await.unwrap();
    assert!(store.load(&key()).await.unwrap().tombstoned);
    assert!(!fixture.text().contains("s3cr3t"));
}
