//! A wire to the server that can go dead without a sign.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

pub(crate) struct Wire {
    pub(crate) port: u16,
    generation: watch::Sender<u32>,
}

impl Wire {
    pub(crate) async fn to(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let generation = watch::Sender::new(0);
        let mut silence = generation.subscribe();
        tokio::spawn(async move {
            while let Ok((mut near, _)) = listener.accept().await {
                let mut far = TcpStream::connect(("127.0.0.1", server)).await.unwrap();
                silence.mark_unchanged();
                let mut silence = silence.clone();
                tokio::spawn(async move {
                    tokio::select! {
                        _ = copy_bidirectional(&mut near, &mut far) => {}
                        _ = silence.changed() => std::future::pending().await, // open, and nothing passes
                    }
                });
            }
        });
        Self { port, generation }
    }

    /// From now on nothing passes on the connections that are there. New ones work.
    pub(crate) fn fall_silent(&self) {
        self.generation.send_modify(|generation| *generation += 1);
    }
}
