#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! rumqttc: each connection is made with a live token as the password, also after the broker has
//! refused the previous one.
//!
//! The broker is a real one, which is restarted with another password.
//!
//! ```sh
//! cargo run -p recipes --example mqtt
//! ```

use std::error::Error;
use std::time::Duration;

use local_servers::Mosquitto;
use rumqttc::ConnectReturnCode::{BadUserNamePassword, NotAuthorized};
use rumqttc::ConnectionError::ConnectionRefused;
use rumqttc::{AsyncClient, Event, EventLoop, MqttOptions, Packet, QoS};
use vendor_auth::TokenCache;

const USER: &str = "meter";
const TOPIC: &str = "readings";

/// How long to wait before the client connects again.
const PAUSE: Duration = Duration::from_millis(100);

/// Waits for the next event. After an error the event loop connects at the next poll, with the
/// token that it is given here.
async fn next(
    connection: &mut EventLoop,
    tokens: &TokenCache,
) -> Result<Event, vendor_auth::Error> {
    loop {
        match connection.poll().await {
            Ok(event) => return Ok(event),
            Err(ConnectionRefused(BadUserNamePassword | NotAuthorized)) => {
                report_refused(connection, tokens);
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
        authorize(&mut connection.mqtt_options, tokens).await?;
    }
}

async fn authorize(
    options: &mut MqttOptions,
    tokens: &TokenCache,
) -> Result<(), vendor_auth::Error> {
    options.set_credentials(USER, tokens.token().await?.access().expose());
    Ok(())
}

/// Reports the token that was sent, unless another one is current already.
fn report_refused(connection: &EventLoop, tokens: &TokenCache) {
    let sent = connection.mqtt_options.credentials();
    let current = tokens.current();
    if let (Some(sent), Some(current)) = (sent, current)
        && sent.password == current.access().expose()
    {
        tokens.invalidate(&current);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("received {:?}", run().await?);
    Ok(())
}

/// Publishes with the first token, and with the second one after the first was revoked.
async fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let mut broker = Mosquitto::start(USER, "token-1")?;
    let tokens = recipes::tokens("https://mqtt.example.com")?;
    let mut options = MqttOptions::new("meter", "127.0.0.1", broker.port());
    authorize(&mut options, &tokens).await?;
    let (client, mut connection) = AsyncClient::new(options, 10);

    let mut received = vec![publish(&client, &mut connection, &tokens, "20.1").await?];
    broker.accept(USER, "token-2")?;
    received.push(publish(&client, &mut connection, &tokens, "20.2").await?);
    Ok(received)
}

/// Subscribes on each new connection, then publishes, and returns what comes back.
async fn publish(
    client: &AsyncClient,
    connection: &mut EventLoop,
    tokens: &TokenCache,
    text: &str,
) -> Result<String, Box<dyn Error>> {
    loop {
        match next(connection, tokens).await? {
            Event::Incoming(Packet::ConnAck(_)) => {
                client.subscribe(TOPIC, QoS::AtLeastOnce).await?;
            }
            Event::Incoming(Packet::SubAck(_)) => {
                client.publish(TOPIC, QoS::AtLeastOnce, false, text).await?;
            }
            Event::Incoming(Packet::Publish(message)) => {
                return Ok(String::from_utf8(message.payload.to_vec())?);
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_whose_token_was_revoked_connects_again_with_another() {
        let limit = Duration::from_secs(60);
        let received = tokio::time::timeout(limit, run()).await.unwrap().unwrap();
        assert_eq!(received, ["20.1", "20.2"]);
    }
}
