//! The addresses that the measuring process gets.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use http::HeaderValue;

use crate::peer::Error;

/// Variables of the environment. `azure_identity` has the last two from App Service.
pub const PLAIN: &str = "BENCH_SERVER";
pub const TLS: &str = "BENCH_TLS_SERVER";
pub const CONTROL: &str = "BENCH_CONTROL";
pub const ROOT: &str = "BENCH_ROOT_CERTIFICATE";
pub const RSA_KEY: &str = "BENCH_RSA_KEY";
pub const IDENTITY_ENDPOINT: &str = "IDENTITY_ENDPOINT";
pub const IDENTITY_HEADER: &str = "IDENTITY_HEADER";

/// The token server, and what crates are set up with.
#[derive(Debug, Clone)]
pub struct Setting {
    /// The origin, such as `http://127.0.0.1:4711`. The path does not matter.
    pub origin: String,
    /// The same over TLS, and the certificate that signed its own.
    pub tls_origin: String,
    pub root_certificate: String,
    /// A key of a service account, in PEM.
    pub rsa_key: String,
    pub server: Control,
}

impl Setting {
    pub fn from_environment() -> Result<Self, Error> {
        let read = |name| std::env::var(name).map_err(|_| format!("{name} is not set"));
        Ok(Self {
            origin: read(PLAIN)?,
            tls_origin: read(TLS)?,
            root_certificate: read(ROOT)?,
            rsa_key: read(RSA_KEY)?,
            server: Control::connect(&read(CONTROL)?)?,
        })
    }

    pub fn token_url(&self) -> String {
        format!("{}/token", self.origin)
    }
}

/// Tells the server what to do.
#[derive(Debug, Clone)]
pub struct Control(Arc<Mutex<BufReader<TcpStream>>>);

impl Control {
    fn connect(address: &str) -> Result<Self, Error> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self(Arc::new(Mutex::new(BufReader::new(stream)))))
    }

    /// Sets the life of the tokens from now on.
    pub fn set_life(&self, life: Duration) {
        self.say(&format!("life {}", life.as_secs()));
    }

    /// Sets how long the server waits before it answers.
    pub fn set_delay(&self, delay: Duration) {
        self.say(&format!("delay {}", delay.as_millis()));
    }

    /// Lets the server cut every connection at its next request, or answer again.
    pub fn set_away(&self, is_away: bool) {
        self.say(&format!("away {}", u32::from(is_away)));
    }

    /// Returns how many requests there were since the last time.
    pub fn take_count(&self) -> u64 {
        self.say("count")
    }

    /// Returns how many requests came in since `take_count`, and leaves them.
    pub fn count(&self) -> u64 {
        self.say("peek")
    }

    fn say(&self, line: &str) -> u64 {
        let mut stream = self.0.lock().expect("nobody panics with it");
        let sent = stream.get_mut().write_all(format!("{line}\n").as_bytes());
        let mut answer = String::new();
        let read = sent.and_then(|()| stream.read_line(&mut answer));
        read.expect("the server runs as long as this process");
        answer.trim().parse().expect("a number")
    }
}

/// Two crates bring two implementations of cryptography, so rustls wants to be told.
pub fn choose_cryptography() {
    _ = tokio_rustls::rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Returns the millisecond at which the token in this header ends: its text says so.
pub fn end_of(header: &HeaderValue) -> u128 {
    let end = header.to_str().ok().and_then(|text| text.rsplit_once('-'));
    let end = end.and_then(|(_, end)| end.parse().ok());
    end.expect("a token of our server")
}

pub fn has_expired(header: &HeaderValue) -> bool {
    unix_millis() >= end_of(header)
}

pub fn unix_millis() -> u128 {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
    now.expect("after 1970").as_millis()
}
