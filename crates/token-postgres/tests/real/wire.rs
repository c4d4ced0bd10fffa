//! A proxy to the server that can go silent or lose an answer.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy, sink};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::place::{Place, SERVER};

pub(crate) struct Wire {
    port: u16,
    generation: watch::Sender<u32>,
    loses: Arc<AtomicBool>,
}

impl Wire {
    async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let generation = watch::Sender::new(0);
        let mut silence = generation.subscribe();
        let loses = Arc::<AtomicBool>::default();
        let lost = Arc::clone(&loses);
        tokio::spawn(async move {
            while let Ok((near, _)) = listener.accept().await {
                let far = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                silence.mark_unchanged();
                let (mut silence, lost) = (silence.clone(), Arc::clone(&lost));
                tokio::spawn(async move {
                    let mut passing = pin!(passes(near, far, &lost));
                    tokio::select! {
                        () = &mut passing => {}
                        // the connection stays open, but nothing is forwarded
                        _ = silence.changed() => std::future::pending().await,
                    }
                });
            }
        });
        Self {
            port,
            generation,
            loses,
        }
    }

    /// A proxy to an empty table.
    pub(crate) async fn to_a_place() -> (Self, Place) {
        let table = Place::direct().await.table;
        let wire = Self::to(SERVER.port()).await;
        let url = SERVER
            .url()
            .replace(&SERVER.port().to_string(), &wire.port.to_string());
        (wire, Place { url, table })
    }

    /// From now on nothing is forwarded on existing connections. New ones work.
    pub(crate) fn fall_silent(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }

    /// The next answer is lost with its connection, but the operation is carried out.
    pub(crate) fn lose_an_answer(&self) {
        self.loses.store(true, Ordering::SeqCst);
    }
}

async fn passes(near: TcpStream, far: TcpStream, lost: &AtomicBool) {
    let ((mut from_near, to_near), (from_far, mut to_far)) = (near.into_split(), far.into_split());
    tokio::select! {
        _ = copy(&mut from_near, &mut to_far) => {}
        from_far = answers(from_far, to_near, lost) => {
            drop(from_near);
            // The server finishes the operation.
            if let Some(mut from_far) = from_far {
                _ = copy(&mut from_far, &mut sink()).await;
            }
        }
    }
}

/// Forwards answers, and returns the server's side once one is to be lost.
async fn answers(
    mut from_far: OwnedReadHalf,
    mut to_near: OwnedWriteHalf,
    lost: &AtomicBool,
) -> Option<OwnedReadHalf> {
    let mut bytes = vec![0; 1 << 16];
    loop {
        let length = from_far.read(&mut bytes).await.ok()?;
        if lost.swap(false, Ordering::SeqCst) {
            return Some(from_far);
        }
        let read = bytes.get(..length).filter(|read| !read.is_empty())?;
        to_near.write_all(read).await.ok()?;
    }
}
