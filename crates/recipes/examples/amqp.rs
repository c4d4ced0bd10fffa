#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! fe2o3-amqp: a connection to Quectel's AMQP subscription. The vendor accepts a login for ten
//! minutes, so each connection is made with a new one, also when a client connects again.
//!
//! Any client of AMQP 1.0 takes the pair for SASL PLAIN. The vendor's address is
//! `Region::amqp_url`; for its TLS enable the feature `rustls` of fe2o3-amqp. The broker below is
//! in this process and has no TLS. It accepts what the vendor's page "AMQP Subscription" describes,
//! of its own millisecond alone.
//!
//! ```sh
//! cargo run -p recipes --example amqp
//! ```

use std::error::Error;
use std::time::Duration;

use fe2o3_amqp::Connection;
use fe2o3_amqp::acceptor::{ConnectionAcceptor, SaslPlainMechanism};
use fe2o3_amqp::connection::{ConnectionHandle, OpenError};
use fe2o3_amqp::sasl_profile::SaslProfile;
use sha2::{Digest as _, Sha256};
use tokio::net::TcpListener;
use vendor_auth::cache::SystemClock;
use vendor_auth::quectel::{AccessKey, Region};
use vendor_auth::types::{Clock as _, Timestamp};

const KEY: &str = "24b9zicjuns41H6MDg71AMnP";
const SECRET: &str = "6AE3p2SnA9ShP7ofigrccoeeks8DDoteJ1jUUTEz";

/// Connects with a login made at `now`. To connect again, call it again.
async fn connect(
    quectel: &AccessKey,
    now: Timestamp,
    url: &str,
) -> Result<ConnectionHandle<()>, OpenError> {
    let login = quectel.amqp_login(now);
    let plain = SaslProfile::Plain {
        username: login.username,
        password: login.password.expose().to_owned(),
    };
    let connection = Connection::builder().container_id("readings");
    connection.sasl_profile(plain).open(url).await
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let now = SystemClock.now().wall;
    connect_once(now, now).await?;
    println!("connected");
    let later = now.after(Duration::from_secs(11 * 60));
    connect_once(later, later).await?;
    println!("connected again, eleven minutes later");
    Ok(())
}

/// Connects with a login made at one time to a broker that has another.
async fn connect_once(made: Timestamp, checked: Timestamp) -> Result<(), Box<dyn Error>> {
    let quectel = AccessKey::builder(Region::Europe)
        .access_key(KEY)
        .access_secret(SECRET)
        .build()?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("amqp://{}", listener.local_addr()?);
    let broker = async {
        let (stream, _) = listener.accept().await?;
        let acceptor = ConnectionAcceptor::builder().container_id("broker");
        let acceptor = acceptor.sasl_acceptor(check(checked)).build();
        Ok::<_, Box<dyn Error>>(acceptor.accept(stream).await?)
    };
    let (client, server) = tokio::join!(connect(&quectel, made, &url), broker);
    let (mut client, mut server) = (client?, server?);
    let (closed, _) = tokio::join!(client.close(), server.on_close());
    Ok(closed?)
}

/// Returns what accepts the login of this millisecond, by the vendor's formula.
fn check(now: Timestamp) -> SaslPlainMechanism {
    let scheme = "ver=1&auth_mode=accessKey&sign_method=sha256";
    let username = format!("{scheme}&access_key={KEY}&timestamp={}", now.unix_millis());
    let digest = Sha256::digest(format!("{username}{SECRET}"));
    let password: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    SaslPlainMechanism::new(username, password)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn each_connection_is_accepted_with_a_login_of_its_own() {
        let made = Timestamp::from_unix_millis(1_743_059_249_391);
        let later = made.after(Duration::from_secs(11 * 60));
        connect_once(made, made).await.unwrap();
        connect_once(later, later).await.unwrap();
        let error = connect_once(made, later).await.unwrap_err();
        assert!(error.to_string().contains("Auth"), "{error}");
    }
}
