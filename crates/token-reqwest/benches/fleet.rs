//! Many tokens that are due at once, against a loop of bare requests on the same runtime.
//!
//! ```sh
//! cargo bench -p token-reqwest --bench fleet
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    reason = "a benchmark prints a table, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use token_cache::TokenPool;
use token_core::{
    Answer, Attempt, BaseUrl, Clock, ClockReading, Error, Outcome, PlainHttp, Request, Rotation,
    Secret, Step, Token, TokenEndpoint, TokenKey, Validity,
};
use token_reqwest::ReqwestClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::task::JoinSet;

const AT_A_TIME: usize = 64;
const FORM: &str = "grant_type=refresh_token&refresh_token=R-0123456789";

fn main() {
    let size = std::env::var("FLEET").map_or(20_000, |size| size.parse().unwrap());
    let server = Server::start();
    let runtime = Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    for (rotation, kept) in [(Rotation::Idempotent, usize::MAX), (Rotation::SingleUse, 0)] {
        println!("{rotation:?}");
        for _ in 0..3 {
            let bare = bare(&runtime, &server, size, kept);
            let asked = pool(&runtime, &server, size, rotation, Asked::ByCallers);
            let scheduled = pool(&runtime, &server, size, rotation, Asked::BySchedule);
            println!(
                "  bare {bare:6.0}/s   callers {asked:6.0}/s {:4.0} %   keep_fresh \
                 {scheduled:6.0}/s {:4.0} %",
                asked / bare * 100.0,
                scheduled / bare * 100.0,
            );
        }
    }
}

fn bare(runtime: &Runtime, server: &Server, size: usize, kept: usize) -> f64 {
    let client = reqwest::Client::builder()
        .pool_max_idle_per_host(kept)
        .timeout(Duration::from_secs(20))
        .no_proxy()
        .build()
        .unwrap();
    let url = server.url.clone();
    runtime.block_on(async move {
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for first in 0..AT_A_TIME {
            let (client, url) = (client.clone(), url.clone());
            tasks.spawn(async move {
                for _ in (first..size).step_by(AT_A_TIME) {
                    let request = client.post(&url).body(FORM);
                    drop(request.send().await.unwrap().bytes().await.unwrap());
                }
            });
        }
        tasks.join_all().await;
        size as f64 / began.elapsed().as_secs_f64()
    })
}

/// Who wants the tokens.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Asked {
    ByCallers,
    BySchedule,
}

fn pool(runtime: &Runtime, server: &Server, size: usize, rotation: Rotation, asked: Asked) -> f64 {
    let clock = LaterClock::default();
    let url = server.url.clone();
    let make = move |account: &str| Ok(Customer::new(account, &url, rotation));
    let builder = TokenPool::builder(make).http_client(ReqwestClient::new().unwrap());
    let handle: Handle = runtime.handle().clone();
    let pool = builder
        .clock(clock.clone())
        .runtime(handle)
        .build()
        .unwrap();
    runtime.block_on(async move {
        ask_for_all(&pool, size).await;
        let before = server.answered.load(Ordering::SeqCst);
        clock.0.store(true, Ordering::SeqCst);
        let began = Instant::now();
        match asked {
            Asked::ByCallers => ask_for_all(&pool, size).await,
            Asked::BySchedule => {
                drop(pool.keep_fresh());
                while server.answered.load(Ordering::SeqCst) < before + size {
                    // tidy: sleeps because the server counts in another thread.
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
            }
        }
        size as f64 / began.elapsed().as_secs_f64()
    })
}

async fn ask_for_all(pool: &TokenPool, size: usize) {
    let mut tasks = JoinSet::new();
    for first in 0..AT_A_TIME {
        let pool = pool.clone();
        tasks.spawn(async move {
            for at in (first..size).step_by(AT_A_TIME) {
                drop(pool.token(&format!("customer-{at}")).await.unwrap());
            }
        });
    }
    tasks.join_all().await;
}

/// The system's clock, which steps on command by as long as the first tokens live.
#[derive(Clone, Debug, Default)]
struct LaterClock(Arc<AtomicBool>);

impl Clock for LaterClock {
    fn now(&self) -> ClockReading {
        let now = token_cache::SystemClock.now();
        let later = match self.0.load(Ordering::Relaxed) {
            true => Duration::from_secs(7_300),
            false => Duration::ZERO,
        };
        ClockReading {
            wall: now.wall.after(later),
            elapsed: now.elapsed + later,
        }
    }
}

#[derive(Debug)]
struct Customer {
    base: BaseUrl,
    account: String,
    rotation: Rotation,
}

impl Customer {
    fn new(account: &str, url: &str, rotation: Rotation) -> Self {
        Self {
            base: BaseUrl::parse(url, PlainHttp::Allowed).unwrap(),
            account: account.to_owned(),
            rotation,
        }
    }
}

impl TokenEndpoint for Customer {
    fn key(&self) -> TokenKey {
        TokenKey::of("bench", "loopback", &self.account)
    }

    fn rotation(&self) -> Rotation {
        self.rotation
    }

    fn login(&self, _: &Attempt) -> Option<Result<Request, Error>> {
        let request = Request::post(&self.base, "/token").form("grant_type", "client_credentials");
        Some(request.build(Step::Login))
    }

    fn refresh(&self, token: &Token, _: &Attempt) -> Result<Request, Error> {
        Request::post(&self.base, "/token")
            .form("grant_type", "refresh_token")
            .form_secret("refresh_token", token.refresh_credential())
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error> {
        let document = answer.document()?;
        let text = |name| document.text(&[name]).map(Secret::from).unwrap();
        let now = attempt.now();
        let token = Token::builder(
            text("access_token"),
            Validity::new(now, now.after(Duration::from_secs(7_200))),
        );
        let token = token.refresh(text("refresh_token"));
        token.build().map(Outcome::Issued)
    }
}

struct Server {
    url: String,
    answered: Arc<AtomicUsize>,
}

impl Server {
    /// Starts a server on a thread of its own, which answers each request alike.
    fn start() -> Self {
        let answered = Arc::new(AtomicUsize::new(0));
        let count = answered.clone();
        let (sender, receiver) = std::sync::mpsc::channel();
        thread::spawn(move || {
            let runtime = Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let socket = tokio::net::TcpSocket::new_v4().unwrap();
                socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
                let listener: TcpListener = socket.listen(4096).unwrap();
                let address = listener.local_addr().unwrap();
                sender.send(format!("http://{address}")).unwrap();
                while let Ok((stream, _)) = listener.accept().await {
                    tokio::spawn(answer(stream, count.clone()));
                }
            });
        });
        let url = receiver.recv().unwrap();
        Self { url, answered }
    }
}

async fn answer(mut stream: TcpStream, answered: Arc<AtomicUsize>) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = vec![0; 4096];
    while let Ok(read) = stream.read(&mut buffer).await
        && read > 0
    {
        // A request comes in one or two pieces, and ends with its form.
        let received = buffer.get(..read).unwrap();
        let is_whole = received.ends_with(FORM.as_bytes()) || received.ends_with(b"credentials");
        if !is_whole {
            continue;
        }
        let number = answered.fetch_add(1, Ordering::SeqCst);
        let answer = format!(
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 64\r\n\r\n\
            {{\"access_token\":\"A-{number:010}\",\"refresh_token\":\"R-0123456789\"}}  "
        );
        if stream.write_all(answer.as_bytes()).await.is_err() {
            return;
        }
    }
}
