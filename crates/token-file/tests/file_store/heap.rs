//! What is left of a token in a process's memory after everything that held it was dropped.
//!
//! A child process searches all of its memory, as a core dump would show it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::time::Duration;

use token_cache::{Drained, TokenCache};
use token_core::store::CommitCondition;
use token_core::{
    Answer, Attempt, Clock, Error, Outcome, Request, Rotation, Secret, Timestamp, Token,
    TokenEndpoint, TokenKey, TokenStore, Validity,
};
use token_file::FileStore;
use token_testkit::ScriptedClient;
use zeroize::Zeroizing;

use crate::child::{Process, say};
use crate::fixture::{Fixture, key, record};

/// Longer than what a hash or a copy leaves on a stack for a moment.
const NEEDLE: usize = 192;
/// The length that an allocator overwrites at the start of freed memory.
const OVERWRITTEN: usize = 64;
/// The mask of the needle, which is never in memory verbatim: each of its bytes is one of a
/// sequence, masked.
const MASK: u8 = 0x15;

/// Returns a masked byte of the needle; printable without the mask.
fn masked(at: usize) -> u8 {
    let mixed = u32::try_from(at).unwrap().wrapping_mul(2_654_435_761) >> 13;
    (b'a' + u8::try_from(mixed % 16).unwrap()) ^ MASK
}

fn needle() -> Zeroizing<String> {
    let mut text = Zeroizing::new(String::with_capacity(OVERWRITTEN + NEEDLE));
    text.extend(std::iter::repeat_n('x', OVERWRITTEN));
    text.extend((0..NEEDLE).map(|at| char::from(masked(at) ^ MASK)));
    text
}

/// Returns how often the needle is in the writable memory of this process.
fn copies() -> usize {
    let memory = File::open("/proc/self/mem").unwrap();
    let mut found = 0;
    for (start, end) in writable() {
        let mut room = Zeroizing::new(vec![0; 1 << 16]);
        let mut at = start;
        while at < end {
            room.fill(0);
            // A page may have been unmapped.
            let read = memory.read_at(&mut room, at).unwrap_or(0);
            let part = room.get(..read).unwrap();
            found += part.windows(NEEDLE).filter(|part| is_needle(part)).count();
            at += u64::try_from(room.len() - NEEDLE).unwrap();
        }
    }
    found
}

/// Returns the copies that are left after the tasks of a cache had time to end.
async fn copies_in_the_end() -> usize {
    for _ in 0..20 {
        if copies() == 0 {
            break;
        }
        // tidy: sleeps because a cache's last task may still hold what it served on its threads
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    copies()
}

fn is_needle(part: &[u8]) -> bool {
    part.iter()
        .enumerate()
        .all(|(at, byte)| byte ^ MASK == masked(at))
}

fn writable() -> Vec<(u64, u64)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let writable = maps.lines().filter(|line| line.contains(" rw-p "));
    writable
        .map(|line| {
            let (start, rest) = line.split_once('-').unwrap();
            let (end, _) = rest.split_once(' ').unwrap();
            let number = |text| u64::from_str_radix(text, 16).unwrap();
            (number(start), number(end))
        })
        .collect()
}

/// The child's task with a store. It first shows that it would find a copy.
pub(crate) async fn round_trip_of_a_store(store: &FileStore) {
    let held = needle();
    assert!(copies() > 0, "the search finds nothing");
    let written = token_core::store::Record {
        body: Secret::from(&**held),
        due_at: Some(Timestamp::from_unix_millis(0)),
        ..record(1)
    };
    drop(held);
    store
        .commit(&key(), &CommitCondition::Overwrite, &written)
        .await
        .unwrap();
    drop(written);
    let loaded = store.load(&key()).await.unwrap();
    assert_eq!(loaded.record.as_ref().unwrap().body.expose(), &**needle());
    drop(loaded);
    let page = store.due(Timestamp::MAX, 1, None).await.unwrap();
    assert_eq!(page.due.len(), 1);
    say(&format!("{} copies", copies()));
}

/// The child's task with a cache, and another cache that reads what the first wrote.
pub(crate) async fn round_trip_of_a_cache(store: &FileStore) {
    let cache = |store: &FileStore| {
        TokenCache::builder(Nothing)
            .http_client(ScriptedClient::new())
            .store(store.clone())
            .build()
            .unwrap()
    };
    let writer = cache(store);
    writer.set_token(token()).await.unwrap();
    let drained = writer.drain(Duration::from_secs(60)).await;
    assert!(matches!(drained, Drained::Settled));
    drop(writer);
    let reader = cache(store);
    let read = reader.token().await.unwrap();
    assert_eq!(read.access().expose(), &**needle());
    drop((read, reader));
    say(&format!("{} copies", copies_in_the_end().await));
}

fn token() -> Token {
    let now = token_cache::SystemClock.now().wall;
    let validity = Validity::new(now, now.after(Duration::from_secs(7200)));
    Token::builder(Secret::from(&**needle()), validity)
        .refresh(Secret::from(&**needle()))
        .extra("id_token", Secret::from(&**needle()))
        .build()
        .unwrap()
}

// FAULTS.md row 96
#[test]
fn a_round_trip_through_a_file_leaves_no_copy_of_the_token_in_memory() {
    let fixture = Fixture::empty();
    let mut process = Process::start("round trip of a store", &fixture.directory(), None);
    process.expect("0 copies");
}

// FAULTS.md row 96
#[test]
fn a_round_trip_through_two_caches_and_a_file_leaves_no_copy_of_the_token_in_memory() {
    let fixture = Fixture::empty();
    let mut process = Process::start("round trip of a cache", &fixture.directory(), None);
    process.expect("0 copies");
}

/// An endpoint that receives no request.
#[derive(Debug)]
struct Nothing;

impl TokenEndpoint for Nothing {
    fn key(&self) -> TokenKey {
        key()
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, _token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        panic!("a live token was refreshed")
    }

    fn read(&self, _answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        panic!("nothing was asked")
    }
}
