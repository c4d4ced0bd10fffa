//! Child processes: this test program starts itself again, with the task of the child in its
//! environment.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use token_core::TokenStore;
use token_core::store::{Acquired, CommitCondition, Committed, Intent, Renewed};
use token_file::FileStore;

use crate::fixture::{Fixture, LONG, child_of, commit, intent, key, owner, record, stored};

const TASK: &str = "FILE_STORE_TASK";
const DIRECTORY: &str = "FILE_STORE_DIRECTORY";
const STOP_AT: &str = "FILE_STORE_STOP_AT";

/// A child process and its output lines, which are marked to distinguish them from those of the
/// test harness.
pub(crate) struct Process {
    child: Child,
    says: BufReader<ChildStdout>,
}

impl Process {
    pub(crate) fn start(task: &str, directory: &Path, stop_at: Option<usize>) -> Self {
        Self::run(
            Command::new(std::env::current_exe().unwrap()),
            task,
            directory,
            stop_at,
        )
    }

    pub(crate) fn run(
        mut command: Command,
        task: &str,
        directory: &Path,
        stop_at: Option<usize>,
    ) -> Self {
        command
            .args([
                "child::a_lease_that_another_process_holds_is_busy",
                "--exact",
                "--nocapture",
            ])
            .env(TASK, task)
            .env(DIRECTORY, directory)
            .env_remove(STOP_AT)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(count) = stop_at {
            command.env(STOP_AT, count.to_string());
        }
        let mut child = command.spawn().unwrap();
        let says = BufReader::new(child.stdout.take().unwrap());
        Self { child, says }
    }

    /// Returns the next line of the child; `None` if it has ended.
    pub(crate) fn hear(&mut self) -> Option<String> {
        loop {
            let mut line = String::new();
            if self.says.read_line(&mut line).unwrap() == 0 {
                return None;
            }
            if let Some((_, said)) = line.trim_end().split_once('@') {
                return Some(said.to_owned());
            }
        }
    }

    pub(crate) fn expect(&mut self, wanted: &str) {
        assert_eq!(self.hear().as_deref(), Some(wanted));
    }

    pub(crate) fn tell(&mut self) {
        self.child.stdin.as_mut().unwrap().write_all(b"\n").unwrap();
    }

    /// Kills the child, as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, name: &str) {
        // Built into the shell; a minimal system has no `kill` program.
        let signal = Command::new("sh")
            .args(["-c", &format!("kill {name} {}", self.child.id())])
            .status();
        assert!(signal.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

pub(crate) fn say(what: &str) {
    let mut out = std::io::stdout();
    out.write_all(format!("@{what}\n").as_bytes()).unwrap();
    out.flush().unwrap();
}

fn wait_to_be_told() {
    std::io::stdin().read_line(&mut String::new()).unwrap();
}

/// If the environment names a task, this is the child that another test started; otherwise it is a
/// test, which starts one.
#[test]
fn a_lease_that_another_process_holds_is_busy() {
    match std::env::var(TASK) {
        Ok(task) => work(&task),
        Err(_) => watch_a_process(),
    }
}

#[tokio::main(flavor = "current_thread")]
async fn watch_a_process() {
    let fixture = Fixture::with_a_record().await;
    let mut process = Process::start("hold", &fixture.directory(), None);
    process.expect("held");
    let acquired = fixture
        .store()
        .acquire(&key(), &owner(2), LONG)
        .await
        .unwrap();
    assert!(matches!(acquired, Acquired::Busy { .. }));
}

fn work(task: &str) {
    let store = child_store();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        match task {
            "refresh" => refresh(&store).await,
            #[cfg(target_os = "linux")]
            "round trip of a store" => crate::heap::round_trip_of_a_store(&store).await,
            #[cfg(target_os = "linux")]
            "round trip of a cache" => crate::heap::round_trip_of_a_cache(&store).await,
            "next" => next(&store).await,
            "recover" => {
                store.acquire(&key(), &owner(3), LONG).await.unwrap();
                say("recovered");
            }
            "login" => {
                commit(&store, &CommitCondition::Overwrite, 2).await;
                say("committed");
            }
            "logout" => {
                store.tombstone(&key()).await.unwrap();
                say("tombstoned");
            }
            "hold" => hold(&store).await,
            "race" => race(&store).await,
            "full disk" => full_disk(&store).await,
            _ => panic!("no such task: {task}"),
        }
    });
}

/// Returns a store that stops forever before the step with the wanted number.
fn child_store() -> FileStore {
    let store = FileStore::at(std::env::var(DIRECTORY).unwrap());
    let Ok(stop_at) = std::env::var(STOP_AT) else {
        return store;
    };
    let (stop_at, asked) = (stop_at.parse::<usize>().unwrap(), AtomicUsize::new(0));
    store.before_each_step(move |step| {
        if asked.fetch_add(1, Ordering::SeqCst) == stop_at {
            say(&format!("before {step:?}"));
            loop {
                std::thread::park();
            }
        }
        Ok(())
    })
}

async fn refresh(store: &FileStore) {
    store.acquire(&key(), &owner(1), LONG).await.unwrap();
    store.write_intent(&key(), &intent(1, 1)).await.unwrap();
    say("intended");
    commit(store, &child_of(1), 2).await;
    say("committed");
    store.release(&key(), &owner(1)).await.unwrap();
}

/// Performs a refresh of whatever is stored.
async fn next(store: &FileStore) {
    let Acquired::Held(entry) = store.acquire(&key(), &owner(1), LONG).await.unwrap() else {
        panic!("the lease of a process that was killed");
    };
    let parent = u8::try_from(entry.generation().unwrap().number()).unwrap();
    let spending = Intent {
        generation: record(parent).generation,
        ..intent(1, parent)
    };
    store.write_intent(&key(), &spending).await.unwrap();
    say("answered");
    store
        .commit(&key(), &child_of(parent), &record(parent + 1))
        .await
        .unwrap();
    say("committed");
    store.release(&key(), &owner(1)).await.unwrap();
}

async fn hold(store: &FileStore) {
    let life = Duration::from_secs(2);
    assert!(
        store
            .acquire(&key(), &owner(1), life)
            .await
            .unwrap()
            .is_held()
    );
    say("held");
    wait_to_be_told();
    assert_eq!(
        store.renew(&key(), &owner(1), life).await.unwrap(),
        Renewed::Lost
    );
    let late = commit(store, &child_of(1), 2).await;
    assert_eq!(late, Committed::Stored);
    say("committed late");
}

async fn race(store: &FileStore) {
    let number = u8::try_from(std::process::id() % 200).unwrap() + 10;
    say("ready");
    wait_to_be_told();
    let lease = store
        .acquire(&key(), &token_core::store::Owner::new([number; 16]), LONG)
        .await;
    let child = store.commit(&key(), &child_of(1), &record(number)).await;
    say(match (lease.unwrap(), child.unwrap()) {
        (Acquired::Held(_), Committed::Stored) => "lease and commit",
        (Acquired::Held(_), Committed::Lost) => "lease",
        (Acquired::Busy { .. }, Committed::Stored) => "commit",
        (Acquired::Busy { .. }, Committed::Lost) => "nothing",
        other => panic!("{other:?}"),
    });
    wait_to_be_told(); // The lease ends with the process.
}

async fn full_disk(store: &FileStore) {
    let lease = store.acquire(&key(), &owner(1), LONG).await;
    say(&lease.unwrap_err().to_string());
    let commit = store.commit(&key(), &child_of(1), &record(2)).await;
    say(&commit.unwrap_err().to_string());
    assert_eq!(stored(store).await, Some(1));
    say("the live token is served");
}
