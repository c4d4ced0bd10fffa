//! How another process tells the running simulator what to do: a line of JSON each way, on a
//! loopback port that a secret guards.

use std::fs;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use super::asked::Asked;
use super::faults;
use super::place::Place;
use super::report::Reported;
use super::vendors::Simulated;
use crate::config::simulator::{self, NOT_RUNNING};
use crate::failure::Failure;

/// The file with the port and the secret.
const FILE: &str = "control.json";
/// How long the other side may take.
const WITHIN: Duration = Duration::from_secs(5);
/// The longest line.
const LONGEST: u64 = 64 * 1024;

/// What the simulator is told.
#[derive(Debug, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    Fault(Asked),
    Status,
}

/// What another process needs to know.
#[derive(Deserialize, Serialize)]
struct Address {
    port: u16,
    secret: String,
}

/// A line to the simulator.
#[derive(Deserialize, Serialize)]
struct Line<T> {
    secret: String,
    request: T,
}

/// A line back.
#[derive(Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum Answer {
    Done(Value),
    Failed(String),
}

/// The simulator's side.
pub(super) struct Control {
    listener: TcpListener,
    secret: String,
}

impl Control {
    pub(super) async fn open(place: &Place) -> Result<Self, Failure> {
        let opened = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await;
        let listener = opened.map_err(|error| failure(&error))?;
        let address = listener.local_addr().map_err(|error| failure(&error))?;
        let mut random = [0; 32];
        getrandom::fill(&mut random)
            .map_err(|error| Failure::store(format!("no random bytes: {error}")))?;
        let secret = base16ct::lower::encode_string(&random);
        let file = json!({ "port": address.port(), "secret": secret });
        place.write(FILE, &file.to_string())?;
        Ok(Self { listener, secret })
    }

    /// Answers other processes, one after the other, until connections cannot be accepted.
    pub(super) async fn serve(&self, vendors: Arc<[Simulated]>) -> Failure {
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => continue,
                Err(error) => return failure(&error),
            };
            let (secret, vendors) = (self.secret.clone(), Arc::clone(&vendors));
            tokio::spawn(timeout(WITHIN, async move {
                // If the other side is gone, nobody reads the answer.
                drop(answer(stream, &secret, &vendors).await);
            }));
        }
    }
}

async fn answer(mut stream: TcpStream, secret: &str, vendors: &Arc<[Simulated]>) -> io::Result<()> {
    let text = read_line(&mut stream).await?;
    let answer = match serde_json::from_str::<Line<Value>>(&text) {
        Ok(line) if is_same(&line.secret, secret) => act(line.request, vendors).await,
        _ => Answer::Failed("the secret is wrong".to_owned()),
    };
    stream
        .write_all(json!(answer).to_string().as_bytes())
        .await?;
    stream.write_all(b"\n").await
}

async fn act(request: Value, vendors: &Arc<[Simulated]>) -> Answer {
    let done = match serde_json::from_value(request) {
        Ok(Request::Fault(asked)) => faults::begin(vendors, &asked).await.map(Value::from),
        Ok(Request::Status) => {
            let seen: Vec<_> = vendors.iter().map(Reported::of).collect();
            Ok(json!(seen))
        }
        Err(error) => return Answer::Failed(format!("another version runs: {error}")),
    };
    done.map_or_else(|failure| Answer::Failed(failure.to_string()), Answer::Done)
}

/// Compares digests, whose equality takes no time that tells about the secret.
fn is_same(given: &str, secret: &str) -> bool {
    Sha256::digest(given) == Sha256::digest(secret)
}

/// Asks the simulator that runs.
pub(super) async fn ask<T: DeserializeOwned>(request: &Request) -> Result<T, Failure> {
    let not_running = || Failure::usage(NOT_RUNNING);
    let config = simulator::running().ok_or_else(not_running)?;
    let file = fs::read_to_string(config.with_file_name(FILE)).map_err(|_| not_running())?;
    let address: Address = serde_json::from_str(&file).map_err(|_| not_running())?;
    let line = json!(Line {
        secret: address.secret,
        request
    });
    let asked = timeout(WITHIN, exchange(address.port, line.to_string())).await;
    let answer = asked
        .map_err(|_| Failure::try_later("the simulator does not answer"))?
        .map_err(|error| failure(&error))?;
    let unread = |_| Failure::usage("the simulator is of another version; start it again");
    match serde_json::from_str(&answer).map_err(unread)? {
        Answer::Done(value) => serde_json::from_value(value).map_err(unread),
        Answer::Failed(why) => Err(Failure::usage(why)),
    }
}

async fn exchange(port: u16, line: String) -> io::Result<String> {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.write_all(line.as_bytes()).await?;
    stream.write_all(b"\n").await?;
    read_line(&mut stream).await
}

async fn read_line(stream: &mut TcpStream) -> io::Result<String> {
    let mut line = String::new();
    let mut limited = BufReader::new(stream.take(LONGEST));
    limited.read_line(&mut line).await?;
    Ok(line)
}

fn failure(error: &io::Error) -> Failure {
    Failure::store(format!("the simulator's control port: {error}"))
}
