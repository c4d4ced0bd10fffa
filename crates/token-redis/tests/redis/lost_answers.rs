//! Lost answers: the operation was carried out, and is sent again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use local_servers::Redis;
use token_core::TokenStore;
use token_core::store::CommitCondition::Overwrite;
use token_core::store::Committed;
use token_redis::{RedisStore, Servers};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::setup::{child_of, key, record, sealing};

/// A proxy between a store and its server that can cut the connection instead of forwarding an
/// answer.
struct Between {
    port: u16,
    cuts: Arc<AtomicBool>,
}

impl Between {
    async fn start(redis: &Redis) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (server, cuts) = (redis.port(), Arc::new(AtomicBool::new(false)));
        let cutting = Arc::clone(&cuts);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                tokio::spawn(carry(client, server, Arc::clone(&cutting)));
            }
        });
        Self { port, cuts }
    }

    async fn store(&self) -> RedisStore {
        let url = format!("redis://127.0.0.1:{}", self.port);
        let builder = RedisStore::builder(Servers::node(url), sealing());
        builder.connect().await.unwrap()
    }

    /// Loses the next answer to an operation that writes.
    fn lose_the_next_answer(&self) {
        self.cuts.store(true, Ordering::SeqCst);
    }

    fn has_lost_it(&self) -> bool {
        !self.cuts.load(Ordering::SeqCst)
    }
}

async fn carry(mut client: TcpStream, mut server: TcpStream, cuts: Arc<AtomicBool>) {
    let (mut asked, mut answered) = ([0; 16 * 1024], [0; 16 * 1024]);
    let mut is_a_write = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let Ok(length @ 1..) = read else { return };
                // Only operations that write contain the name of the channel.
                is_a_write = String::from_utf8_lossy(asked.get(..length).unwrap_or_default()).contains(":changed");
                server.write_all(asked.get(..length).unwrap_or_default()).await.unwrap();
            }
            read = server.read(&mut answered) => {
                let Ok(length @ 1..) = read else { return };
                let is_done = !answered.starts_with(b"-NOSCRIPT");
                if is_a_write && is_done && cuts.swap(false, Ordering::SeqCst) {
                    return;
                }
                client.write_all(answered.get(..length).unwrap_or_default()).await.unwrap();
            }
        }
    }
}

// FAULTS.md row 62
#[tokio::test]
async fn a_logout_whose_answer_is_lost_returns_what_it_removed() {
    let redis = Redis::start().unwrap();
    let between = Between::start(&redis).await;
    let store = between.store().await;
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    between.lose_the_next_answer();
    let removed = store.tombstone(&key()).await.unwrap();
    assert!(between.has_lost_it());
    assert_eq!(removed.map(|record| record.id()), Some(record(1).id()));
    assert!(store.load(&key()).await.unwrap().tombstoned);
    assert!(store.tombstone(&key()).await.unwrap().is_none());
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_reported_as_stored() {
    let redis = Redis::start().unwrap();
    let between = Between::start(&redis).await;
    let store = between.store().await;
    store.commit(&key(), &Overwrite, &record(1)).await.unwrap();
    between.lose_the_next_answer();
    let child = store.commit(&key(), &child_of(1), &record(2)).await;
    assert!(between.has_lost_it());
    assert_eq!(child.unwrap(), Committed::Stored);
}
