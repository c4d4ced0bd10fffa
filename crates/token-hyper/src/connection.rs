//! One connection to a server, driven by the request that uses it.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use token_core::{SendError, SendFailure};
use tokio::task::coop::unconstrained;

use crate::connector::{Connected, Security, Stream};
use crate::parts::{MOST_HEADERS_READ, refused_our_certificate};

type Driver = http1::Connection<Box<dyn Stream>, Full<Bytes>>;

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    security: Security,
    is_to_be_kept: bool,
    has_answered: bool,
    /// Reads and writes. `None` once the connection is closed.
    driver: Option<Driver>,
}

/// Why there was no head of an answer.
pub(crate) struct NoHead {
    pub(crate) error: hyper::Error,
    /// The connection was closed before it had taken the request, or the server read none of it.
    pub(crate) is_unsent: bool,
}

impl Connection {
    /// Speaks HTTP/1 over this stream. A connection that is not to be kept reads more headers than
    /// hyper's 100, for which hyper allocates at each answer.
    pub(crate) async fn over(
        Connected { stream, security }: Connected,
        is_to_be_kept: bool,
    ) -> Result<Box<Self>, SendError> {
        let mut settings = http1::Builder::new();
        if !is_to_be_kept {
            settings.max_headers(MOST_HEADERS_READ);
        }
        let (sender, driver) = settings
            .handshake(stream)
            .await
            .map_err(|_| SendError::before_sending(SendFailure::Connect))?;
        Ok(Box::new(Self {
            sender,
            security,
            is_to_be_kept,
            has_answered: false,
            driver: Some(driver),
        }))
    }

    /// Sends a request and awaits the head of its answer.
    pub(crate) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, NoHead>> {
        // Not in the future, which would hold the request twice.
        let head = Box::pin(self.sender.try_send_request(request));
        async {
            let head = driven(&mut self.driver, head).await;
            let head = head.map_err(|mut failed| {
                let is_untaken = failed.take_message().is_some();
                let error = failed.into_error();
                NoHead {
                    is_unsent: is_untaken || self.refused_our_certificate(&error),
                    error,
                }
            })?;
            self.has_answered = true;
            Ok(head)
        }
    }

    /// Returns whether the server ended the handshake because of the client's certificate. In TLS
    /// 1.3 it does so after the first request was written, which it then never decrypts.
    fn refused_our_certificate(&self, error: &hyper::Error) -> bool {
        let may_have_been_in_the_handshake = !self.has_answered && self.security == Security::Tls13;
        may_have_been_in_the_handshake && refused_our_certificate(error)
    }

    /// Awaits the next piece of a body; `None` at its end.
    pub(crate) async fn piece(
        &mut self,
        body: &mut Incoming,
    ) -> Option<Result<Bytes, hyper::Error>> {
        loop {
            match driven(&mut self.driver, body.frame()).await? {
                Err(error) => return Some(Err(error)),
                // trailers are nothing to us
                Ok(frame) => match frame.into_data() {
                    Ok(data) => return Some(Ok(data)),
                    Err(_) => continue,
                },
            }
        }
    }

    pub(crate) fn is_to_be_kept(&self) -> bool {
        self.is_to_be_kept
    }

    /// Returns whether another request can be sent: the last answer is complete, and the runtime has
    /// not seen yet that the server closed the connection.
    pub(crate) fn is_ready(&mut self) -> bool {
        look_at(&mut self.driver);
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Closes the connection in order: over TLS, the server is told.
    pub(crate) fn close(self: Box<Self>) {
        let Self {
            sender,
            security,
            mut driver,
            ..
        } = *self;
        drop(sender);
        if security != Security::None {
            // Without a sender, hyper shuts the connection down.
            look_at(&mut driver);
        }
    }
}

/// Reads and writes what is possible at once. Nobody is woken by the rest.
fn look_at(driver: &mut Option<Driver>) {
    let Some(running) = driver else { return };
    // A task that has used up its turn would see nothing.
    let mut running = unconstrained(running);
    let looked = Pin::new(&mut running).poll(&mut Context::from_waker(Waker::noop()));
    if looked.is_ready() {
        *driver = None;
    }
}

/// Drives the connection until `work` is done, which only the connection brings forward: so nothing
/// else has to wake it, and it would wake its own task.
// Not an `async fn`, which would hold its arguments twice.
fn driven<W: Future + Unpin>(
    driver: &mut Option<Driver>,
    work: W,
) -> impl Future<Output = W::Output> {
    // A task that has used up its turn would be woken in vain.
    let mut work = unconstrained(work);
    poll_fn(move |context| {
        let mut unwoken = Context::from_waker(Waker::noop());
        if let Poll::Ready(done) = Pin::new(&mut work).poll(&mut unwoken) {
            return Poll::Ready(done);
        }
        // What is sent leaves at the first poll, while there is time for it.
        if let Some(running) = driver
            && Pin::new(&mut unconstrained(running))
                .poll(context)
                .is_ready()
        {
            *driver = None;
        }
        Pin::new(&mut work).poll(&mut unwoken)
    })
}
