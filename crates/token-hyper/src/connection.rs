//! One connection to a server, driven by the request that uses it.

use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use token_core::{SendError, SendFailure};
use tokio::task::coop::unconstrained;

use crate::connector::Stream;

type Driver = http1::Connection<Stream, Full<Bytes>>;

pub(crate) struct Connection {
    sender: SendRequest<Full<Bytes>>,
    /// Reads and writes. `None` once the connection is closed.
    driver: Option<Driver>,
}

/// Why there was no head of an answer.
pub(crate) struct NoHead {
    pub(crate) error: hyper::Error,
    /// The connection was closed before it had taken the request.
    pub(crate) is_unsent: bool,
}

impl Connection {
    /// Speaks HTTP/1 over this stream. hyper reads up to 100 headers by default; for more, it
    /// allocates.
    pub(crate) async fn over(
        stream: Stream,
        most_headers: Option<usize>,
    ) -> Result<Box<Self>, SendError> {
        let mut settings = http1::Builder::new();
        if let Some(most) = most_headers {
            settings.max_headers(most);
        }
        let (sender, driver) = settings
            .handshake(stream)
            .await
            .map_err(|_| SendError::before_sending(SendFailure::Connect))?;
        Ok(Box::new(Self {
            sender,
            driver: Some(driver),
        }))
    }

    /// Sends a request and awaits the head of its answer.
    pub(crate) async fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> Result<Response<Incoming>, NoHead> {
        let head = self.sender.try_send_request(request);
        driven(&mut self.driver, head)
            .await
            .map_err(|mut failed| NoHead {
                is_unsent: failed.take_message().is_some(),
                error: failed.into_error(),
            })
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

    /// Returns whether another request can be sent: the last answer is complete, and the server has
    /// not closed the connection.
    pub(crate) fn is_ready(&mut self) -> bool {
        look_at(&mut self.driver);
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Closes the connection in order: with TLS, the server is told.
    pub(crate) fn close(self: Box<Self>) {
        let Self { sender, mut driver } = *self;
        // Without a sender, hyper shuts the connection down.
        drop(sender);
        look_at(&mut driver);
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
async fn driven<W: Future>(driver: &mut Option<Driver>, work: W) -> W::Output {
    // A task that has used up its turn would be woken in vain.
    let mut work = pin!(unconstrained(work));
    poll_fn(|context| {
        let mut unwoken = Context::from_waker(Waker::noop());
        if let Poll::Ready(done) = work.as_mut().poll(&mut unwoken) {
            return Poll::Ready(done);
        }
        if let Some(running) = driver
            && Pin::new(running).poll(context).is_ready()
        {
            *driver = None;
        }
        work.as_mut().poll(&mut unwoken)
    })
    .await
}
