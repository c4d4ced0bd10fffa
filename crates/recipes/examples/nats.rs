#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! async-nats: each connection is made with a live token, also after the server has refused the
//! previous one.
//!
//! The server is a real one, which disconnects its clients when it accepts another token.
//!
//! ```sh
//! cargo run -p recipes --example nats
//! ```

use std::error::Error;
use std::sync::{Arc, Mutex, PoisonError};

use async_nats::{Auth, AuthError, ConnectOptions, Event};
use futures_util::StreamExt as _;
use local_servers::Nats;
use vendor_auth::cache::Event::Refreshed;
use vendor_auth::{Token, TokenCache};

/// The token of the last attempt to connect, until the server has accepted it.
#[derive(Clone, Default)]
struct Offered(Arc<Mutex<Option<Token>>>);

/// Returns options that ask the cache before each connection. A token that the server did not
/// accept is reported, so the next attempt has another one. A connection that breaks just then
/// looks the same, and costs one exchange.
fn options(tokens: TokenCache) -> ConnectOptions {
    let offered = Offered::default();
    let accepted = offered.clone();
    ConnectOptions::with_auth_callback(move |_nonce| {
        let (tokens, offered) = (tokens.clone(), offered.clone());
        async move {
            if let Some(refused) = offered.replace(None) {
                tokens.invalidate(&refused);
            }
            let token = tokens.token().await.map_err(AuthError::new)?;
            offered.replace(Some(Token::clone(&token)));
            let mut auth = Auth::new();
            auth.token = Some(token.access().expose().to_owned());
            Ok(auth)
        }
    })
    .event_callback(move |event| {
        if event == Event::Connected {
            accepted.replace(None);
        }
        std::future::ready(())
    })
}

impl Offered {
    fn replace(&self, token: Option<Token>) -> Option<Token> {
        let mut offered = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut offered, token)
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    println!("received {:?}", run().await?);
    Ok(())
}

/// Publishes with the first token, and with the second one after the first was revoked.
async fn run() -> Result<Vec<String>, Box<dyn Error>> {
    let mut server = Nats::start("token-1")?;
    let tokens = recipes::tokens("https://nats.example.com")?;
    let client = options(tokens.clone()).connect(server.url()).await?;
    let mut readings = client.subscribe("readings").await?;
    client.publish("readings", "20.1".into()).await?;
    let first = readings.next().await;

    let mut events = tokens.events();
    server.accept("token-2")?;
    while !matches!(events.next().await, Some(Refreshed { .. }) | None) {}
    client.publish("readings", "20.2".into()).await?; // is kept until the client is connected
    let received = [first, readings.next().await].into_iter().flatten();
    let texts = received.map(|message| String::from_utf8(message.payload.to_vec()));
    Ok(texts.collect::<Result<_, _>>()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_client_whose_token_was_revoked_connects_again_with_another() {
        let limit = std::time::Duration::from_secs(60);
        let received = tokio::time::timeout(limit, run()).await.unwrap().unwrap();
        assert_eq!(received, ["20.1", "20.2"]);
    }
}
