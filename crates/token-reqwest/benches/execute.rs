//! What the token costs an API request, against a header that is put on by hand, in one run. The
//! server is on this machine, so a share of the time is the worst case.
//!
//! ```sh
//! cargo bench -p token-reqwest --all-features
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a benchmark prints, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]
#![expect(
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a few numbers of a table"
)]

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

use http::HeaderValue;
use http::header::{ACCEPT, AUTHORIZATION};
use reqwest::redirect::Policy;
use reqwest::{Client, Request, Response};
use reqwest_middleware::ClientWithMiddleware;
use token_cache::TokenCache;
use token_reqwest::{ApiClient, Execute};
use token_testkit::{ApiRefusal, ApiVendor};
use tokio::runtime::{Builder, Runtime};

const CALLS: u32 = 200;
const ROUNDS: usize = 101;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 10\r\n\r\n{\"code\":0}";

fn main() {
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/v1/devices?page=2", server.local_addr().unwrap());
    thread::spawn(move || serve(&server));
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let setup = Setup::new(&url, &runtime);
    for (title, headers) in [("GET", 0), ("GET with two headers", 2)] {
        println!("{title}\n");
        compare(&runtime, &setup, headers);
        println!();
    }
}

/// The candidates take turns, so that what disturbs the machine disturbs all of them.
fn compare(runtime: &Runtime, setup: &Setup, headers: usize) {
    let mut times = [const { Vec::new() }; Candidate::ALL.len()];
    let calls = |candidate: Candidate| {
        runtime.block_on(async {
            for _ in 0..CALLS {
                let answer = setup.call(candidate, headers).await;
                assert_eq!(answer.bytes().await.unwrap().len(), 10);
            }
        });
    };
    for _ in 0..ROUNDS {
        for (candidate, times) in Candidate::ALL.into_iter().zip(&mut times) {
            let began = Instant::now();
            calls(candidate);
            times.push(began.elapsed().as_secs_f64() / f64::from(CALLS) * 1e6);
        }
    }
    let counts = Candidate::ALL.map(|candidate| {
        let counted = allocation_counter::measure(|| calls(candidate));
        counted.count_total as f64 / f64::from(CALLS)
    });
    for (at, candidate) in Candidate::ALL.into_iter().enumerate() {
        println!(
            "{:<40} {:7.2} µs  {:+6.2} %  {:6.2} allocations  {:+6.2}",
            candidate.name(),
            median(times[at].clone()),
            (ratio(&times[at], &times[0]) - 1.0) * 100.0,
            counts[at],
            counts[at] - counts[0],
        );
    }
}

/// The median of the ratios of runs that followed each other.
fn ratio(times: &[f64], base: &[f64]) -> f64 {
    median(
        times
            .iter()
            .zip(base)
            .map(|(time, base)| time / base)
            .collect(),
    )
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[derive(Clone, Copy)]
enum Candidate {
    ByHand,
    ByHandReady,
    ByHandFromCache,
    ApiClient,
    OwnClient,
    Middleware,
}

impl Candidate {
    const ALL: [Self; 6] = [
        Self::ByHand,
        Self::ByHandReady,
        Self::ByHandFromCache,
        Self::ApiClient,
        Self::OwnClient,
        Self::Middleware,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::ByHand => "by hand: bearer_auth(token)",
            Self::ByHandReady => "by hand: a header value made before",
            Self::ByHandFromCache => "by hand: the headers of tokens.token()",
            Self::ApiClient => "execute with an ApiClient",
            Self::OwnClient => "execute with a reqwest::Client",
            Self::Middleware => "the middleware",
        }
    }
}

struct Setup {
    url: String,
    tokens: TokenCache,
    token: String,
    ready: HeaderValue,
    http: Client,
    api: ApiClient,
    middleware: ClientWithMiddleware,
}

impl Setup {
    fn new(url: &str, runtime: &Runtime) -> Self {
        let vendor = ApiVendor::new(url.split("/v1").next().unwrap(), ApiRefusal::Status).unwrap();
        let cache = TokenCache::builder(vendor.clone()).http_client(vendor);
        let tokens = cache.build().unwrap();
        let guard = runtime.block_on(tokens.token()).unwrap();
        let token = guard.access().expose().to_owned();
        drop(guard);
        // One client, and so one connection: two may wake the server at different cost.
        let http = Client::builder().no_proxy().redirect(Policy::none());
        let http = http.build().unwrap();
        let api = ApiClient::from_client(http.clone()).unwrap();
        Self {
            url: url.to_owned(),
            ready: format!("Bearer {token}").parse().unwrap(),
            token,
            http,
            middleware: token_reqwest::client(tokens.clone(), api.clone()),
            api,
            tokens,
        }
    }

    fn request(&self, client: &Client, headers: usize) -> Request {
        let mut request = client.get(&self.url).build().unwrap();
        if headers > 0 {
            let accept = HeaderValue::from_static("application/json");
            request.headers_mut().insert(ACCEPT, accept);
            let trace = HeaderValue::from_static("4bf92f3577b34da6");
            request.headers_mut().insert("x-trace", trace);
        }
        request
    }

    async fn call(&self, candidate: Candidate, headers: usize) -> Response {
        match candidate {
            Candidate::ByHand => {
                let request = self.request(&self.http, headers);
                let builder = reqwest::RequestBuilder::from_parts(self.http.clone(), request);
                builder.bearer_auth(&self.token).send().await.unwrap()
            }
            Candidate::ByHandReady => {
                let mut request = self.request(&self.http, headers);
                let ready = self.ready.clone();
                request.headers_mut().insert(AUTHORIZATION, ready);
                self.http.execute(request).await.unwrap()
            }
            Candidate::ByHandFromCache => {
                let mut request = self.request(&self.http, headers);
                let token = self.tokens.token().await.unwrap().headers();
                request.headers_mut().extend(token);
                self.http.execute(request).await.unwrap()
            }
            Candidate::ApiClient => {
                let request = self.request(&self.api, headers);
                self.tokens.execute(&self.api, request).await.unwrap()
            }
            Candidate::OwnClient => {
                let request = self.request(&self.http, headers);
                self.tokens.execute(&self.http, request).await.unwrap()
            }
            Candidate::Middleware => {
                let request = self.request(&self.api, headers);
                self.middleware.execute(request).await.unwrap()
            }
        }
    }
}

fn serve(server: &TcpListener) {
    while let Ok((stream, _)) = server.accept() {
        thread::spawn(move || answer_all(stream));
    }
}

/// Answers each request on a connection; none has a body.
fn answer_all(mut stream: TcpStream) {
    stream.set_nodelay(true).unwrap();
    let mut buffer = [0; 4096];
    let mut filled = 0;
    while let Ok(length) = stream.read(&mut buffer[filled..]) {
        filled += length;
        if length == 0 {
            return;
        }
        if buffer[..filled].ends_with(b"\r\n\r\n") {
            stream.write_all(ANSWER).unwrap();
            filled = 0;
        }
    }
}
