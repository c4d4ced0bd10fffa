//! The token server: plain and over TLS, on loopback sockets.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncWrite, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::aws_lc_rs;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::peer::Error;
use crate::setting::unix_millis;

/// What the measuring process has set, and what it asks for.
#[derive(Debug)]
struct State {
    life: AtomicU64,
    delay: AtomicU64,
    away: AtomicBool,
    count: AtomicU64,
    issued: AtomicU64,
}

/// Where a server listens.
#[derive(Debug)]
pub struct Server {
    pub plain: String,
    pub tls: String,
    pub control: String,
    pub root_certificate: String,
}

impl Server {
    /// Starts a server that runs as long as its runtime.
    pub async fn start() -> Result<Self, Error> {
        let state = Arc::new(State {
            life: AtomicU64::new(3600),
            delay: AtomicU64::new(0),
            away: AtomicBool::new(false),
            count: AtomicU64::new(0),
            issued: AtomicU64::new(0),
        });
        let (acceptor, root_certificate) = tls()?;
        let [plain, tls, control] = [listen().await?, listen().await?, listen().await?];
        let server = Self {
            plain: format!("http://{}", plain.local_addr()?),
            tls: format!("https://{}", tls.local_addr()?),
            control: control.local_addr()?.to_string(),
            root_certificate,
        };
        tokio::spawn(accept(plain, None, state.clone()));
        tokio::spawn(accept(tls, Some(acceptor), state.clone()));
        tokio::spawn(obey(control, state));
        Ok(server)
    }
}

async fn listen() -> io::Result<TcpListener> {
    let socket = tokio::net::TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(([127, 0, 0, 1], 0).into())?;
    socket.listen(4096) // a thousand callers connect at once
}

async fn accept(listener: TcpListener, tls: Option<TlsAcceptor>, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        let (tls, state) = (tls.clone(), state.clone());
        tokio::spawn(async move {
            stream.set_nodelay(true)?;
            match tls {
                Some(tls) => answer_all(tls.accept(stream).await?, &state).await,
                None => answer_all(stream, &state).await,
            }
        });
    }
}

/// Answers each request of a connection with a new token. A connection that is cut ends like one
/// that the client has closed.
async fn answer_all(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    state: &State,
) -> Result<(), Error> {
    let service = service_fn(|request| state.respond(request));
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
    Ok(connection.await?)
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// What an answer has beside the token. All would be read by somebody to whom it means something
/// else: `expires_on` is in whole seconds, and so earlier.
#[derive(Debug, Clone, Copy)]
enum Also {
    Nothing,
    RefreshToken,
    AzureFields,
}

impl State {
    async fn respond(&self, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Error> {
        let path = request.uri().path();
        let (is_identity, is_offline) = (path == "/identity", path == "/offline");
        let form = request.into_body().collect().await?.to_bytes();
        let also = match () {
            () if is_identity => Also::AzureFields,
            () if is_offline || contains(&form, b"grant_type=refresh_token") => Also::RefreshToken,
            () => Also::Nothing,
        };
        self.count.fetch_add(1, Relaxed);
        let delay = self.delay.load(Relaxed);
        if delay > 0 {
            tokio::time::sleep(Duration::from_millis(delay)).await;
        }
        match self.away.load(Relaxed) {
            true => Err("the connection is cut".into()),
            false => Ok(self.answer(also)?),
        }
    }

    /// The token's text ends with the millisecond of its expiry.
    fn answer(&self, also: Also) -> http::Result<Response<Full<Bytes>>> {
        let number = self.issued.fetch_add(1, Relaxed);
        let life = self.life.load(Relaxed);
        let now = unix_millis();
        let ends = now + u128::from(life) * 1000;
        let also = match also {
            Also::Nothing => String::new(),
            Also::RefreshToken => format!(r#","refresh_token":"R{number}""#),
            Also::AzureFields => format!(r#","resource":"r","expires_on":"{}""#, ends / 1000),
        };
        let token = format!("T{number}-{ends}");
        let body = format!(
            r#"{{"access_token":"{token}","token_type":"Bearer","expires_in":{life}{also}}}"#
        );
        Response::builder()
            .header(CONTENT_TYPE, "application/json")
            .body(Full::from(body))
    }

    fn obey(&self, line: &str) -> u64 {
        let (order, value) = line.trim().split_once(' ').unwrap_or((line.trim(), "0"));
        let value: u64 = value.parse().expect("a number");
        match order {
            "life" => self.life.store(value, Relaxed),
            "delay" => self.delay.store(value, Relaxed),
            "away" => self.away.store(value > 0, Relaxed),
            "count" => return self.count.swap(0, Relaxed),
            "peek" => return self.count.load(Relaxed),
            unknown => unreachable!("no order: {unknown}"),
        }
        0
    }
}

async fn obey(listener: TcpListener, state: Arc<State>) {
    while let Ok((stream, _)) = listener.accept().await {
        tokio::spawn(obey_one(stream, state.clone()));
    }
}

async fn obey_one(stream: TcpStream, state: Arc<State>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let answer = format!("{}\n", state.obey(&line));
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}

/// Returns a certificate for the server, and in PEM the one that signed it.
fn tls() -> Result<(TlsAcceptor, String), Error> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
    let key = KeyPair::generate()?;
    let params = CertificateParams::new(vec!["127.0.0.1".to_owned()])?;
    let certificate = params.signed_by(&key, &issuer)?;
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)?;
    Ok((TlsAcceptor::from(Arc::new(config)), issuer.pem()))
}
