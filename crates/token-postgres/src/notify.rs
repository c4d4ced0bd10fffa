//! Change notifications (`LISTEN`, `NOTIFY`). They only save polling, and may be lost.

use std::future::poll_fn;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use token_core::TokenKey;
use tokio::sync::{broadcast, mpsc};
use tokio::task::JoinHandle;
use tokio_postgres::types::Type;
use tokio_postgres::{AsyncMessage, Client, Config, Error};

use crate::password::Password;
use crate::tables::TableNames;
use crate::tls::Connector;

/// The pause between two attempts to listen.
const PAUSE: Duration = Duration::from_secs(5);
/// PostgreSQL accepts payloads of less than 8000 bytes. An empty payload wakes all waits.
const LONGEST_PAYLOAD: usize = 1024;
const NOTIFY: &str = "SELECT pg_notify($1, $2)";

/// One connection that listens and notifies, in a task that starts when it is needed and ends with
/// the store.
pub(crate) struct Notifier {
    listener: Listener,
    received: broadcast::Sender<String>,
    running: Mutex<Option<Running>>,
}

#[derive(Clone)]
struct Listener {
    config: Config,
    password: Password,
    connector: Connector,
    channel: String,
    quoted_channel: String,
}

struct Running {
    task: JoinHandle<()>,
    outgoing: mpsc::Sender<String>,
}

impl Notifier {
    pub(crate) fn new(
        config: Config,
        password: Password,
        connector: Connector,
        tables: &TableNames,
    ) -> Self {
        let listener = Listener {
            config,
            password,
            connector,
            channel: tables.channel.clone(),
            quoted_channel: tables.channel_quoted(),
        };
        Self {
            listener,
            received: broadcast::channel(256).0,
            running: Mutex::default(),
        }
    }

    /// Notifies all listeners that a key changed.
    pub(crate) fn notify(&self, key: &TokenKey) {
        // A full queue drops the notification, which is allowed.
        _ = self.outgoing().try_send(payload(key));
    }

    /// Connects in the background.
    pub(crate) fn start(&self) {
        drop(self.outgoing());
    }

    /// Subscribes to all notifications from now on.
    pub(crate) fn subscribe(&self) -> Subscription {
        self.start();
        Subscription(self.received.subscribe())
    }

    /// Returns the queue of a running task: the previous task may have ended with its runtime.
    fn outgoing(&self) -> mpsc::Sender<String> {
        let mut running = self.running.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running
            .as_ref()
            .filter(|running| !running.task.is_finished())
        {
            return running.outgoing.clone();
        }
        let (outgoing, queue) = mpsc::channel(64);
        let task = tokio::spawn(self.listener.clone().run(self.received.clone(), queue));
        *running = Some(Running {
            task,
            outgoing: outgoing.clone(),
        });
        outgoing
    }
}

impl Drop for Notifier {
    fn drop(&mut self) {
        let running = self
            .running
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(running) = running {
            running.task.abort();
        }
    }
}

/// Notifications as they arrive.
pub(crate) struct Subscription(broadcast::Receiver<String>);

impl Subscription {
    /// Returns when the key may have changed.
    pub(crate) async fn changed(&mut self, key: &TokenKey) {
        let ours = payload(key);
        loop {
            match self.0.recv().await {
                Ok(text) if text != ours && !text.is_empty() => {}
                Ok(_) | Err(broadcast::error::RecvError::Lagged(_)) => return,
                Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
            }
        }
    }
}

fn payload(key: &TokenKey) -> String {
    match key.as_str() {
        text if text.len() <= LONGEST_PAYLOAD => text.to_owned(),
        _ => String::new(),
    }
}

impl Listener {
    async fn run(self, received: broadcast::Sender<String>, mut queue: mpsc::Receiver<String>) {
        loop {
            // Waits poll in the meantime, so a failure need not be reported.
            _ = self.connect_once(&received, &mut queue).await;
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn connect_once(
        &self,
        received: &broadcast::Sender<String>,
        queue: &mut mpsc::Receiver<String>,
    ) -> Result<(), Error> {
        let Ok(config) = self.password.put_into(&self.config).await else {
            return Ok(());
        };
        let (client, mut connection) = config.connect(Clone::clone(&self.connector)).await?;
        let receive = async {
            while let Some(message) = poll_fn(|context| connection.poll_message(context)).await {
                if let AsyncMessage::Notification(notification) = message? {
                    _ = received.send(notification.payload().to_owned());
                }
            }
            Ok(())
        };
        tokio::select! {
            ended = receive => ended,
            failed = self.listen_and_send(&client, received, queue) => failed,
        }
    }

    async fn listen_and_send(
        &self,
        client: &Client,
        received: &broadcast::Sender<String>,
        queue: &mut mpsc::Receiver<String>,
    ) -> Result<(), Error> {
        let listen = format!(
            "SET synchronous_commit = off; LISTEN {}",
            self.quoted_channel
        );
        client.batch_execute(&listen).await?;
        // Something may have changed before the connection listened.
        _ = received.send(String::new());
        while let Some(payload) = queue.recv().await {
            let parameters = [
                (&self.channel as _, Type::TEXT),
                (&payload as _, Type::TEXT),
            ];
            client.query_typed(NOTIFY, &parameters).await?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::*;

    #[test]
    fn a_notification_wakes_only_waits_for_its_key() {
        let (key, other) = (TokenKey::of("a", "b", "c"), TokenKey::of("a", "b", "d"));
        let (sender, receiver) = broadcast::channel(8);
        let mut subscription = Subscription(receiver);
        let mut wait = pin!(subscription.changed(&key));
        let mut is_over = || {
            let polled = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
            polled == Poll::Ready(())
        };
        assert!(!is_over());
        sender.send(payload(&other)).unwrap();
        assert!(!is_over());
        sender.send(payload(&key)).unwrap();
        assert!(is_over());
    }

    #[tokio::test]
    async fn a_notification_for_all_keys_wakes_every_wait() {
        let (sender, receiver) = broadcast::channel(8);
        sender.send(String::new()).unwrap();
        let key = TokenKey::of("a", "b", "c");
        Subscription(receiver).changed(&key).await;
    }

    #[test]
    fn a_key_too_long_for_a_notification_wakes_all_waits() {
        assert_eq!(payload(&TokenKey::of("a", "b", &"x".repeat(5000))), "");
    }
}
