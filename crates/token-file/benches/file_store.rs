//! The time of the file store from a vendor's answer to the durable record, relative to a write
//! with `fsync` on the same disk.
//!
//! ```sh
//! cargo bench -p token-file --all-features --bench file_store
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod fsync;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use token_core::store::{CommitCondition, Intent, Owner, Record, RefreshFingerprint};
use token_core::{Generation, Secret, TokenKey, TokenStore};
use token_file::FileStore;
use token_file::test_util::WriteStep;

use fsync::{median, write_with_fsync};

const REFRESHES: u64 = 400;
const LEASE: Duration = Duration::from_secs(30);

/// When the last write reached each of these steps: the temporary file was complete, so that a
/// killed process loses nothing; it was synced.
type Reached = Arc<Mutex<[Option<Instant>; 2]>>;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let directory = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("file-store-bench");
    _ = fs::remove_dir_all(&directory);
    let reached = Reached::default();
    let store = store_in(&directory, &reached);
    commit(&store, 0, &CommitCondition::Overwrite).await;
    let mut file = File::create(directory.join("plain")).unwrap();
    let [mut plain, mut safe, mut synced, mut durable] = [const { Vec::new() }; 4];
    for parent in 0..REFRESHES {
        plain.push(write_with_fsync(&mut file, body().expose()));
        prepare(&store, parent).await;
        let answered = Instant::now();
        commit(
            &store,
            parent + 1,
            &CommitCondition::ParentIs(fingerprint(parent)),
        )
        .await;
        durable.push(answered.elapsed());
        let [whole, renamed] = *reached.lock().unwrap();
        safe.push(whole.unwrap() - answered);
        synced.push(renamed.unwrap() - answered);
        store.release(&key(), &owner()).await.unwrap();
    }
    let [plain, safe, synced, durable] = [plain, safe, synced, durable].map(median);
    let ratio = |time: Duration| time.as_secs_f64() / plain.as_secs_f64();
    println!("medians of {REFRESHES} refreshes, the vendor's answer being the start\n");
    println!("one write with fsync          {plain:>9.1?}");
    println!(
        "safe against a killed process {safe:>9.1?}  ×{:.2}",
        ratio(safe)
    );
    println!(
        "file synced                   {synced:>9.1?}  ×{:.2}",
        ratio(synced)
    );
    println!(
        "durable record                {durable:>9.1?}  ×{:.2}",
        ratio(durable)
    );
    _ = fs::remove_dir_all(&directory);
}

fn store_in(directory: &Path, reached: &Reached) -> FileStore {
    let reached = Arc::clone(reached);
    FileStore::at(directory).before_each_step(move |step| {
        let [whole, synced] = &mut *reached.lock().unwrap();
        match step {
            WriteStep::Sync => *whole = Some(Instant::now()),
            WriteStep::Rename => *synced = Some(Instant::now()),
            _ => {}
        }
        Ok(())
    })
}

/// Performs the steps before the request is sent to the vendor.
async fn prepare(store: &FileStore, parent: u64) {
    let intent = Intent {
        owner: owner(),
        fingerprint: Some(fingerprint(parent)),
        generation: Generation::new(parent),
    };
    store.acquire(&key(), &owner(), LEASE).await.unwrap();
    store.write_intent(&key(), &intent).await.unwrap();
}

async fn commit(store: &FileStore, number: u64, condition: &CommitCondition) {
    let record = Record::new(fingerprint(number), Generation::new(number), body());
    store.commit(&key(), condition, &record).await.unwrap();
}

/// Returns a body as long as a record with two JWTs.
fn body() -> Secret {
    Secret::from("0123456789abcdef".repeat(128))
}

fn key() -> TokenKey {
    TokenKey::of("bench", "api.bench.example", "1")
}

fn owner() -> Owner {
    Owner::new([1; 16])
}

fn fingerprint(number: u64) -> RefreshFingerprint {
    let mut bytes = [0; 32];
    bytes
        .iter_mut()
        .zip(number.to_be_bytes())
        .for_each(|(byte, value)| *byte = value);
    RefreshFingerprint(bytes)
}
