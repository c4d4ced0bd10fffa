//! The loopback address that a browser comes back to (RFC 8252 section 7.3).

mod owner;
mod start;

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use hyper::body::Incoming;
use hyper::header::HOST;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode, Uri};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use vendor_auth::Secret;

use self::owner::Ends;
use self::start::Start;
use super::pages::{self, Answer, Page};
use super::tell;
use crate::config::login::Redirect;
use crate::failure::Failure;

/// How many connections are served at once: a browser opens a few.
const CONNECTIONS: usize = 64;
/// How long a connection may take to send its request.
const REQUEST: Duration = Duration::from_secs(10);
/// How long a browser has to fetch the last page.
const LAST_PAGE: Duration = Duration::from_secs(5);
/// The longest request: codes of several kilobytes are in use.
const LONGEST_REQUEST: usize = 64 * 1024;

/// The redirects that arrive. Nobody listens any more when it is dropped.
#[derive(Debug)]
pub(super) struct Redirects {
    arriving: mpsc::Receiver<Redirected>,
    site: Arc<Site>,
    _listening: JoinSet<()>,
}

/// A redirect, and the browser that waits for its answer.
#[derive(Debug)]
pub(super) struct Redirected {
    pub(super) query: Secret,
    answer: oneshot::Sender<Option<Page>>,
}

#[derive(Debug)]
struct Site {
    /// As the `Host` of a request must be; otherwise a name of somebody else's leads here.
    host: String,
    path: String,
    start: OnceLock<Start>,
    last_path: String,
    arrived: mpsc::Sender<Redirected>,
    last_page: watch::Sender<Option<Page>>,
    is_last_page_sent: AtomicBool,
    sent: Notify,
}

impl Redirects {
    /// Listens, if the redirect is to this machine. Returns the redirect's URI too.
    pub(super) async fn listen(redirect: &Redirect) -> Result<(Option<Self>, String), Failure> {
        match redirect {
            Redirect::Elsewhere { uri } => Ok((None, uri.clone())),
            Redirect::Loopback { port, path } => {
                let listeners = bind(&[SocketAddr::from((Ipv4Addr::LOCALHOST, *port))]).await?;
                let bound = listeners.first().map(TcpListener::local_addr);
                let port = bound.and_then(Result::ok).map_or(*port, |it| it.port());
                let uri = format!("http://127.0.0.1:{port}{path}");
                Ok((Some(Self::serve(listeners, &uri, path)), uri))
            }
            Redirect::FixedLoopback {
                uri,
                addresses,
                path,
            } => {
                let listeners = bind(addresses).await?;
                Ok((Some(Self::serve(listeners, uri, path)), uri.clone()))
            }
        }
    }

    fn serve(listeners: Vec<TcpListener>, uri: &str, path: &str) -> Self {
        let (arrived, arriving) = mpsc::channel(1);
        let site = Arc::new(Site {
            host: uri.parse().map(|uri| host_of(&uri)).unwrap_or_default(),
            path: path.to_owned(),
            start: OnceLock::new(),
            last_path: format!("{}/done", path.trim_end_matches('/')),
            arrived,
            last_page: watch::Sender::new(None),
            is_last_page_sent: AtomicBool::new(false),
            sent: Notify::new(),
        });
        let mut listening = JoinSet::new();
        for listener in listeners {
            listening.spawn(accept(listener, Arc::clone(&site)));
        }
        Self {
            arriving,
            site,
            _listening: listening,
        }
    }

    /// Returns an address that leads to this URL, once. The nonce keeps it from being guessed.
    pub(super) fn start_at(&self, url: &str, nonce: [u8; 32]) -> String {
        let nonce = BASE64_URL_SAFE_NO_PAD.encode(nonce);
        let path = format!("{}/start/{nonce}", self.site.path.trim_end_matches('/'));
        let start = self.site.start.get_or_init(|| Start::new(path, url));
        format!("http://{}{}", self.site.host, start.path())
    }

    /// Returns the next redirect.
    pub(super) async fn next(&mut self) -> Redirected {
        match self.arriving.recv().await {
            Some(redirected) => redirected,
            None => std::future::pending().await, // The site keeps a sender.
        }
    }

    /// Takes no more redirects: the login was answered.
    pub(super) fn close(&mut self) {
        self.arriving.close();
        while let Ok(late) = self.arriving.try_recv() {
            late.show(Page::over());
        }
    }

    /// Shows the last page to the browser that brought the answer.
    pub(super) async fn end(self, redirected: Option<Redirected>, page: Page) {
        self.site.last_page.send_replace(Some(page));
        let Some(redirected) = redirected else {
            return;
        };
        if redirected.answer.send(None).is_ok() {
            // A browser that went away has nothing to show.
            drop(tokio::time::timeout(LAST_PAGE, self.site.sent.notified()).await);
        }
    }
}

impl Redirected {
    /// Shows a page, after which the login goes on.
    pub(super) fn show(self, page: Page) {
        // A browser that went away has nothing to show.
        drop(self.answer.send(Some(page)));
    }
}

async fn bind(addresses: &[SocketAddr]) -> Result<Vec<TcpListener>, Failure> {
    let mut listeners = Vec::new();
    let mut failed = None;
    for address in addresses {
        match TcpListener::bind(address).await {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
                return Err(Failure::try_later(format!(
                    "{address} is in use: another login may be under way; end it, or write another \
                     port in the profile"
                )));
            }
            Err(error) => failed = Some((address, error)),
        }
    }
    match failed {
        // A machine without IPv6 has `localhost` too.
        Some((address, error)) if listeners.is_empty() => Err(Failure::config(format!(
            "{address} cannot be listened on: {error}; write another port in the profile, or log \
             in with --no-browser"
        ))),
        _ => Ok(listeners),
    }
}

async fn accept(listener: TcpListener, site: Arc<Site>) {
    let mut connections = JoinSet::new();
    loop {
        if connections.len() >= CONNECTIONS {
            connections.join_next().await;
        }
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            Some(_) = connections.join_next() => continue,
        };
        match accepted {
            Ok((stream, _)) => {
                connections.spawn(serve_connection(stream, Arc::clone(&site)));
            }
            // No file descriptor is left, for instance.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn serve_connection(stream: TcpStream, site: Arc<Site>) {
    let Some(ends) = Ends::of(&stream) else {
        return;
    };
    let service = service_fn(|request| {
        let site = Arc::clone(&site);
        async move { Ok::<_, Infallible>(site.answer(request, ends).await) }
    });
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(REQUEST)
        .max_buf_size(LONGEST_REQUEST)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    drop(served); // What a stranger sends is not our failure.
    if site.is_last_page_sent.load(Ordering::Relaxed) {
        site.sent.notify_one();
    }
}

impl Site {
    async fn answer(&self, request: Request<Incoming>, ends: Ends) -> Answer {
        let host = request.headers().get(HOST);
        let host = host.and_then(|host| host.to_str().ok()?.parse().ok());
        if host.is_none_or(|host| host_of(&host) != self.host) {
            return pages::plain(StatusCode::MISDIRECTED_REQUEST);
        }
        let path = request.uri().path();
        let is_last = path == self.last_path && self.last_page.borrow().is_some();
        let start = self.start.get().filter(|start| path == start.path());
        if path != self.path && !is_last && start.is_none() {
            return pages::plain(StatusCode::NOT_FOUND);
        }
        if request.method() != Method::GET {
            return pages::plain(StatusCode::METHOD_NOT_ALLOWED);
        }
        if !ends.are_of_this_user() {
            tell("A browser was refused: it is not of this user, or gone.");
            return Page::another_user().answer();
        }
        if let Some(start) = start {
            return start.answer();
        }
        match is_last {
            true => self.last(),
            false => {
                self.redirected(request.uri().query().unwrap_or_default())
                    .await
            }
        }
    }

    fn last(&self) -> Answer {
        self.is_last_page_sent.store(true, Ordering::Relaxed);
        match &*self.last_page.borrow() {
            Some(page) => page.answer(),
            None => pages::plain(StatusCode::NOT_FOUND),
        }
    }

    async fn redirected(&self, query: &str) -> Answer {
        let (answer, answered) = oneshot::channel();
        let redirected = Redirected {
            query: Secret::from(query),
            answer,
        };
        if self.arrived.send(redirected).await.is_err() {
            return Page::over().answer();
        }
        match answered.await {
            Ok(None) => pages::see_other(&self.last_path),
            Ok(Some(page)) => page.answer(),
            Err(_) => Page::over().answer(),
        }
    }
}

/// Returns host and port as they are compared.
fn host_of(uri: &Uri) -> String {
    let host = uri.host().unwrap_or_default().to_ascii_lowercase();
    format!("{host}:{}", uri.port_u16().unwrap_or(80))
}
