//! What an exchange costs over TLS, against reqwest by hand, in one run. The server is on this
//! machine, so that the network costs nothing.
//!
//! ```sh
//! cargo bench -p token-reqwest --bench exchange
//! ```

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::cast_precision_loss,
    clippy::indexing_slicing,
    reason = "a benchmark prints a table, and fails by panicking"
)]
#![expect(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use std::sync::Arc;
use std::thread;
use std::time::Instant;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use reqwest::{Certificate, Client};
use token_cache::TokenCache;
use token_core::{
    Answer, Attempt, BaseUrl, Error, Outcome, PlainHttp, Request, Rotation, Secret, Step, Token,
    TokenEndpoint, TokenKey, Validity,
};
use token_reqwest::ReqwestClient;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

const CALLS: usize = 50;
const ROUNDS: usize = 41;
const ANSWER: &[u8] =
    b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 64\r\n\r\n\
    {\"access_token\":\"A-0123456789\",\"refresh_token\":\"R-0123456789\"}  ";
const FORM: &str = "grant_type=refresh_token&refresh_token=R-0123456789";

fn main() {
    let runtime = Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let (url, root) = serve();
    let setup = Setup::new(&url, &root, &runtime);
    let mut times = [const { Vec::new() }; Candidate::ALL.len()];
    for _ in 0..ROUNDS {
        // The candidates take turns, so that what disturbs the machine disturbs all of them.
        for (candidate, times) in Candidate::ALL.into_iter().zip(&mut times) {
            let setup = setup.clone();
            let began = Instant::now();
            let calls = async move {
                for _ in 0..CALLS {
                    setup.call(candidate).await;
                }
            };
            runtime.block_on(runtime.spawn(calls)).unwrap();
            times.push(began.elapsed().as_secs_f64() / CALLS as f64 * 1e6);
        }
    }
    for (at, candidate) in Candidate::ALL.into_iter().enumerate() {
        let base = &times[candidate.base()];
        let pairs = || times[at].iter().zip(base);
        println!(
            "{:<48} {:8.1} µs {:+8.1} µs {:6.2} ×",
            candidate.name(),
            median(times[at].clone()),
            median(pairs().map(|(time, base)| time - base).collect()),
            median(pairs().map(|(time, base)| time / base).collect()),
        );
    }
}

fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_by(f64::total_cmp);
    numbers[numbers.len() / 2]
}

#[derive(Clone, Copy)]
enum Candidate {
    Pooled,
    Idempotent,
    Unpooled,
    SingleUse,
}

impl Candidate {
    const ALL: [Self; 4] = [
        Self::Pooled,
        Self::Idempotent,
        Self::Unpooled,
        Self::SingleUse,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::Pooled => "reqwest by hand, pooled",
            Self::Idempotent => "TokenCache, Idempotent (against pooled)",
            Self::Unpooled => "reqwest by hand, a connection each",
            Self::SingleUse => "TokenCache, SingleUse (against a connection each)",
        }
    }

    /// The place of what it is compared with.
    fn base(self) -> usize {
        match self {
            Self::Pooled | Self::Idempotent => 0,
            Self::Unpooled | Self::SingleUse => 2,
        }
    }
}

#[derive(Clone)]
struct Setup {
    url: String,
    pooled: Client,
    unpooled: Client,
    idempotent: TokenCache,
    single_use: TokenCache,
}

impl Setup {
    fn new(url: &str, root: &str, runtime: &Runtime) -> Self {
        let root_certificate = || Certificate::from_pem(root.as_bytes()).unwrap();
        let by_hand = || {
            Client::builder()
                .no_proxy()
                .tls_certs_only([root_certificate()])
        };
        let cache = |rotation| {
            let base = BaseUrl::parse(url, PlainHttp::Refused).unwrap();
            let http = ReqwestClient::builder().add_root_certificates_pem(root);
            TokenCache::builder(Vendor { base, rotation })
                .http_client(http.only_added_root_certificates().build().unwrap())
                .refresh_token(Secret::from("R-0123456789"))
                .runtime(runtime.handle().clone())
                .build()
                .unwrap()
        };
        Self {
            url: url.to_owned(),
            pooled: by_hand().build().unwrap(),
            unpooled: by_hand().pool_max_idle_per_host(0).build().unwrap(),
            idempotent: cache(Rotation::Idempotent),
            single_use: cache(Rotation::SingleUse),
        }
    }

    async fn call(&self, candidate: Candidate) {
        match candidate {
            Candidate::Pooled => self.by_hand(&self.pooled).await,
            Candidate::Unpooled => self.by_hand(&self.unpooled).await,
            Candidate::Idempotent => refresh(&self.idempotent).await,
            Candidate::SingleUse => refresh(&self.single_use).await,
        }
    }

    async fn by_hand(&self, client: &Client) {
        let request = client.post(&self.url).body(FORM);
        let answer = request.send().await.unwrap().bytes().await.unwrap();
        assert!(answer.starts_with(b"{"));
    }
}

async fn refresh(cache: &TokenCache) {
    let generation = match cache.current() {
        Some(token) => token.generation(),
        None => cache.token().await.unwrap().generation(),
    };
    assert!(cache.refresh_if(generation).await.unwrap().generation() > generation);
}

#[derive(Debug)]
struct Vendor {
    base: BaseUrl,
    rotation: Rotation,
}

impl TokenEndpoint for Vendor {
    fn key(&self) -> TokenKey {
        TokenKey::of("vendor", "vendor.example", "bench")
    }

    fn rotation(&self) -> Rotation {
        self.rotation
    }

    fn login(&self, _: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, token: &Token, _: &Attempt) -> Result<Request, Error> {
        Request::post(&self.base, "/")
            .form("grant_type", "refresh_token")
            .form_secret("refresh_token", token.refresh_credential())
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error> {
        let validity = Validity::without_end(answer.asked_at());
        let access = format!("A-{}", attempt.now().unix_millis());
        let token = Token::builder(Secret::from(access), validity);
        let token = token.refresh(Some(Secret::from("R-0123456789")));
        Ok(Outcome::Issued(token.build()?))
    }
}

/// Starts a server on a thread of its own. Returns its URL and the root certificate.
fn serve() -> (String, String) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let runtime = Builder::new_current_thread().enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let url = format!("https://{}", listener.local_addr().unwrap());
    let acceptor = TlsAcceptor::from(Arc::new(config));
    thread::spawn(move || runtime.block_on(accept(listener, acceptor)));
    (url, issuer.pem())
}

async fn accept(listener: TcpListener, acceptor: TlsAcceptor) {
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            stream.set_nodelay(true).unwrap();
            let mut stream = acceptor.accept(stream).await.unwrap();
            let mut received = Vec::new();
            while stream
                .read_buf(&mut received)
                .await
                .is_ok_and(|length| length > 0)
            {
                if received.ends_with(b"R-0123456789") {
                    received.clear();
                    stream.write_all(ANSWER).await.unwrap();
                    stream.flush().await.unwrap();
                }
            }
        });
    }
}
