//! Sends requests with hyper.

use std::fmt;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Request, Response, Uri};
use hyper::body::{Body as _, Incoming};
use token_core::{HttpClient, Repeatable, SendError, SendFailure};
use tokio::runtime::Handle;

use crate::connection::Connection;
use crate::connector::Connector;
use crate::failure::{NotAnswered, cut_answer};
use crate::host::Host;
use crate::parts::{
    Body, Finding, PerHost, TimeLeft, TimedOut, check_headers, decompressed, waited_for_others,
};
use crate::request::sendable;

/// An [`HttpClient`] that uses hyper.
///
/// ```
/// use std::time::Duration;
/// use token_hyper::HyperClient;
///
/// let client = HyperClient::builder()
///     .connect_timeout(Duration::from_secs(5))
///     .user_agent("meter-reader/1.2")
///     .build()?;
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// A request uses a new connection, unless it is marked as [`Repeatable`]: a server may close an
/// idle connection just as a refresh token is sent over it, and then it is unknown whether the
/// server used the token. Marked requests may use a connection of an earlier one on the same
/// runtime that has been idle for less than a second.
///
/// A connection is driven by the request that uses it, not by a task of its own. So a request that
/// is dropped closes its connection, and nothing is sent after that.
///
/// At most 64 requests to one scheme, host and port are under way at the same time; others wait,
/// for as long as `within` allows.
///
/// If the process is frozen during a request (a stopped process, a paused virtual machine) and its
/// time is over when the process runs again, what arrived meanwhile is read for up to 5 seconds: there
/// may be a new refresh token in it. A request that has not left by then is not sent.
///
/// Clones are cheap and share their connections. [`send`](HttpClient::send) needs a Tokio runtime
/// with I/O and time enabled; the client is not tied to one.
#[derive(Clone)]
pub struct HyperClient(Arc<Parts>);

struct Parts {
    connector: Connector,
    hosts: PerHost<Host>,
    most_requests: u16,
    read_timeout: Duration,
    user_agent: HeaderValue,
}

impl HyperClient {
    pub(crate) fn with(
        connector: Connector,
        most_requests: u16,
        read_timeout: Duration,
        user_agent: HeaderValue,
    ) -> Self {
        Self(Arc::new(Parts {
            connector,
            hosts: PerHost::new(move || Host::new(most_requests)),
            most_requests,
            read_timeout,
            user_agent,
        }))
    }
}

/// A request, and the value of its `Host` header.
struct ToSend<'a> {
    request: &'a Request<Bytes>,
    name: &'a HeaderValue,
}

impl Parts {
    async fn exchange(
        &self,
        request: &Request<Bytes>,
        time: &mut TimeLeft,
    ) -> Result<Response<Bytes>, SendError> {
        let host = self.host(request.uri())?;
        let name = host.name(request.uri());
        let name = name.ok_or_else(|| unsendable("the port is not valid"))?;
        let to_send = &ToSend { request, name };
        let permit = time.wait(pin!(host.permits.acquire())).await;
        let _permit = permit.map_err(|TimedOut| waited_for_others(self.most_requests))?;
        let is_repeatable = request.extensions().get::<Repeatable>().is_some();
        let kept = is_repeatable.then(|| host.take()).flatten();
        let (mut connection, mut head) = match kept {
            Some(kept) => self.over_kept(kept, to_send, time).await?,
            None => self.over_new(to_send, time, is_repeatable).await?,
        };
        check_headers(head.status(), head.headers())?;
        let body = whole_body(&mut connection, head.body_mut(), time).await?;
        match connection.is_to_be_kept() {
            true => host.keep(connection),
            false => connection.close(),
        }
        decompressed(head.map(|_| body))
    }

    fn host(&self, url: &Uri) -> Result<Arc<Host>, SendError> {
        if url.authority().is_some_and(|it| it.as_str().contains('@')) {
            return Err(unsendable("the URL contains credentials"));
        }
        let host = self.hosts.of(Handle::current().id(), url);
        host.ok_or_else(|| unsendable("the URL is not complete"))
    }

    /// Sends a request that may be sent again over a kept connection, or over a new one if that is
    /// closed before it has taken the request.
    async fn over_kept(
        &self,
        mut kept: Box<Connection>,
        to_send: &ToSend<'_>,
        time: &mut TimeLeft,
    ) -> Result<(Box<Connection>, Response<Incoming>), SendError> {
        let failed = match self.head(&mut kept, to_send, time).await {
            Ok(head) => return Ok((kept, head)),
            Err(failed) => failed,
        };
        Box::pin(self.over_another(to_send, time, failed)).await
    }

    /// Sends a request that was not answered over a kept connection, if it may be sent again.
    async fn over_another(
        &self,
        to_send: &ToSend<'_>,
        time: &mut TimeLeft,
        failed: NotAnswered,
    ) -> Result<(Box<Connection>, Response<Incoming>), SendError> {
        match failed {
            NotAnswered::Unsent(_) => self.over_new(to_send, time, true).await,
            NotAnswered::TooManyHeaders(first) => self.once_more(to_send, time, first).await,
            NotAnswered::Failed(error) => Err(error),
        }
    }

    /// Sends a request that may be sent again over a connection on which more headers can be read.
    async fn once_more(
        &self,
        to_send: &ToSend<'_>,
        time: &mut TimeLeft,
        first: SendError,
    ) -> Result<(Box<Connection>, Response<Incoming>), SendError> {
        let second = Box::pin(self.over_new(to_send, time, false)).await;
        // What is true of the second request is not true of the first.
        second.map_err(|error| match error.may_have_left() {
            true => error,
            false => first,
        })
    }

    /// Over a connection that will be closed, more headers can be read.
    async fn over_new(
        &self,
        to_send: &ToSend<'_>,
        time: &mut TimeLeft,
        is_to_be_kept: bool,
    ) -> Result<(Box<Connection>, Response<Incoming>), SendError> {
        let connecting = Box::pin(self.connect(to_send.request.uri(), is_to_be_kept, time));
        let mut connection = connecting.await?;
        let failed = match self.head(&mut connection, to_send, time).await {
            Ok(head) => return Ok((connection, head)),
            Err(failed) => failed,
        };
        match failed {
            NotAnswered::TooManyHeaders(first) if is_to_be_kept => {
                self.once_more(to_send, time, first).await
            }
            NotAnswered::Unsent(error)
            | NotAnswered::TooManyHeaders(error)
            | NotAnswered::Failed(error) => Err(error),
        }
    }

    async fn connect(
        &self,
        url: &Uri,
        is_to_be_kept: bool,
        time: &mut TimeLeft,
    ) -> Result<Box<Connection>, SendError> {
        let connected = self.connector.connect(url, time).await?;
        Connection::over(connected, is_to_be_kept).await
    }

    async fn head(
        &self,
        connection: &mut Connection,
        ToSend { request, name }: &ToSend<'_>,
        time: &mut TimeLeft,
    ) -> Result<Response<Incoming>, NotAnswered> {
        let is_last = !connection.is_to_be_kept();
        let sendable = sendable(request, name, &self.user_agent, is_last);
        if time.is_over() {
            let timed_out = self.connector.timed_out(request.uri());
            return Err(NotAnswered::Unsent(timed_out));
        }
        let sent = pin!(connection.send(sendable));
        match time.head(sent, || false).await {
            Ok(Ok(head)) => Ok(head),
            Ok(Err(failed)) => Err(NotAnswered::of(&failed)),
            Err(TimedOut) => Err(NotAnswered::Failed(SendError::maybe_sent(
                SendFailure::Timeout,
            ))),
        }
    }
}

fn unsendable(detail: &'static str) -> SendError {
    Finding::with_detail(SendFailure::Unsendable, detail).before_sending()
}

async fn whole_body(
    connection: &mut Connection,
    incoming: &mut Incoming,
    time: &mut TimeLeft,
) -> Result<Bytes, SendError> {
    let mut body = Body::announced(incoming.size_hint().exact())?;
    loop {
        let piece = time.part(pin!(connection.piece(incoming))).await;
        match piece.map_err(|TimedOut| SendError::maybe_sent(SendFailure::Timeout))? {
            Some(Ok(piece)) => body.add(piece)?,
            Some(Err(error)) => return Err(cut_answer(&error)),
            None => return Ok(body.into_bytes()),
        }
    }
}

impl fmt::Debug for HyperClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HyperClient")
    }
}

impl HttpClient for HyperClient {
    // Without the macro, which holds the request twice: for more than a kilobyte, threads wait for
    // each other in glibc's allocator. So what is large and seldom needed is in a box of its own.
    fn send<'a, 'b>(
        &'a self,
        request: Request<Bytes>,
        within: Duration,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, SendError>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        // Written to where it stays: `Box::pin` would copy all of it.
        let sending = Box::write(Box::new_uninit(), async move {
            let mut time = TimeLeft::new(within, self.0.read_timeout);
            self.0.exchange(&request, &mut time).await
        });
        Box::into_pin(sending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// glibc keeps pieces of up to this many bytes for each thread. For larger ones, threads wait
    /// for each other.
    const LARGEST_KEPT_PIECE: usize = 1032;

    #[test]
    fn what_a_request_allocates_is_kept_for_the_thread() {
        let client = HyperClient::builder().build().unwrap();
        let request = Request::new(Bytes::new());
        let sending = client.send(request, Duration::from_secs(1));
        let size = size_of_val(&*sending);
        assert!(size <= LARGEST_KEPT_PIECE, "{size} bytes");
    }

    #[test]
    fn what_connecting_allocates_is_kept_for_the_thread() {
        let client = HyperClient::builder().build().unwrap();
        let mut time = TimeLeft::new(Duration::from_secs(1), Duration::from_secs(1));
        let url = Uri::from_static("https://vendor.example");
        let size = size_of_val(&client.0.connect(&url, false, &mut time));
        assert!(size <= LARGEST_KEPT_PIECE, "{size} bytes");
    }
}
