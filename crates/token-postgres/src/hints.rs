//! "Something changed", told by the server without being asked. Only a hint: it saves polling, and
//! may get lost.

use std::future::poll_fn;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use token_core::TokenKey;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, Config, Error};

use crate::password::Password;
use crate::places::Places;
use crate::tls::Connector;

/// Between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(5);
/// PostgreSQL takes 8000 bytes. An empty text tells everybody to look.
const LONGEST_TEXT: usize = 1024;
const TELL: &str = "SELECT pg_notify($1, $2)";

/// One connection that listens and tells, in a task that begins when it is needed and ends with the
/// store.
pub(crate) struct Hints {
    line: Line,
    heard: broadcast::Sender<String>,
    ear: Mutex<Option<Ear>>,
}

#[derive(Clone)]
struct Line {
    config: Config,
    password: Password,
    connector: Connector,
    quoted: String,
    channel: String,
}

struct Ear {
    task: JoinHandle<()>,
    tell: mpsc::Sender<String>,
}

impl Hints {
    pub(crate) fn new(
        config: Config,
        password: Password,
        connector: Connector,
        places: &Places,
    ) -> Self {
        let line = Line {
            config,
            password,
            connector,
            quoted: places.channel_quoted(),
            channel: places.channel.clone(),
        };
        Self {
            line,
            heard: broadcast::channel(256).0,
            ear: Mutex::default(),
        }
    }

    /// Tells everybody who listens that a key changed.
    pub(crate) fn tell(&self, key: &TokenKey) {
        // A full queue loses a hint, and a hint may get lost.
        _ = self.ear().try_send(text_of(key));
    }

    /// Connects, beside whatever else goes on.
    pub(crate) fn begin(&self) {
        drop(self.ear());
    }

    /// What is heard from now on.
    pub(crate) fn listen(&self) -> Heard {
        self.begin();
        Heard(self.heard.subscribe())
    }

    /// The queue of a living task: the one before may have gone with its runtime.
    fn ear(&self) -> mpsc::Sender<String> {
        let mut ear: MutexGuard<'_, _> = self.ear.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(alive) = ear.as_ref().filter(|ear| !ear.task.is_finished()) {
            return alive.tell.clone();
        }
        let (tell, told) = mpsc::channel(64);
        let task = tokio::spawn(keep_listening(self.line.clone(), self.heard.clone(), told));
        *ear = Some(Ear {
            task,
            tell: tell.clone(),
        });
        tell
    }
}

impl Drop for Hints {
    fn drop(&mut self) {
        if let Some(ear) = self.ear.get_mut().unwrap_or_else(PoisonError::into_inner) {
            ear.task.abort();
        }
    }
}

/// Hints as they come.
pub(crate) struct Heard(broadcast::Receiver<String>);

impl Heard {
    /// Returns when the key may have changed.
    pub(crate) async fn about(&mut self, key: &TokenKey) {
        let ours = text_of(key);
        loop {
            match self.0.recv().await {
                Ok(text) if text != ours && !text.is_empty() => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

fn text_of(key: &TokenKey) -> String {
    match key.as_str() {
        text if text.len() <= LONGEST_TEXT => text.to_owned(),
        _ => String::new(),
    }
}

async fn keep_listening(
    line: Line,
    heard: broadcast::Sender<String>,
    mut told: mpsc::Receiver<String>,
) {
    loop {
        // Without it there is polling: nobody needs to know.
        _ = line.hold(&heard, &mut told).await;
        tokio::time::sleep(PAUSE).await;
    }
}

impl Line {
    async fn hold(
        &self,
        heard: &broadcast::Sender<String>,
        told: &mut mpsc::Receiver<String>,
    ) -> Result<(), Error> {
        let Ok(config) = self.password.put_into(&self.config).await else {
            return Ok(());
        };
        let (client, mut connection) = config.connect(Clone::clone(&self.connector)).await?;
        let driven = async {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(hint) = message? {
                    _ = heard.send(hint.payload().to_owned());
                }
            }
            Ok(())
        };
        tokio::select! {
            ended = driven => ended,
            failed = self.speak(&client, heard, told) => failed,
        }
    }

    async fn speak(
        &self,
        client: &Client,
        heard: &broadcast::Sender<String>,
        told: &mut mpsc::Receiver<String>,
    ) -> Result<(), Error> {
        let begin = format!("SET synchronous_commit = off; LISTEN {}", self.quoted);
        client.batch_execute(&begin).await?;
        // Something may have changed while nobody listened.
        _ = heard.send(String::new());
        while let Some(text) = told.recv().await {
            let given = [(&self.channel as _, Type::TEXT), (&text as _, Type::TEXT)];
            client.query_typed(TELL, &given).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use local_servers::Postgres;
    use tokio::time::timeout;

    use super::*;
    use crate::tls::{Roots, connector};

    const LONG: Duration = Duration::from_secs(60);

    fn hints(server: &Postgres) -> Hints {
        let places = Places::new(None, "odd \"table\"").unwrap();
        let config = server.url().parse().unwrap();
        let connector = connector(&Roots::default()).unwrap();
        Hints::new(config, Password::default(), connector, &places)
    }

    #[tokio::test]
    async fn a_hint_wakes_those_who_wait_for_its_key_and_nobody_else() {
        let server = Postgres::start().unwrap();
        let (ours, theirs) = (hints(&server), hints(&server));
        let (key, other) = (TokenKey::of("a", "b", "c"), TokenKey::of("a", "b", "d"));
        let (mut about_key, mut about_other) = (ours.listen(), ours.listen());
        // The first hint is for everybody: it listens from now on.
        timeout(LONG, about_key.about(&key)).await.unwrap();
        timeout(LONG, about_other.about(&other)).await.unwrap();
        theirs.tell(&other);
        timeout(LONG, about_other.about(&other)).await.unwrap();
        assert!(
            timeout(Duration::ZERO, about_key.about(&key))
                .await
                .is_err()
        );
        theirs.tell(&key);
        timeout(LONG, about_key.about(&key)).await.unwrap();
    }

    #[test]
    fn a_key_that_is_too_long_for_a_hint_wakes_everybody() {
        assert_eq!(text_of(&TokenKey::of("a", "b", &"x".repeat(5000))), "");
    }
}
