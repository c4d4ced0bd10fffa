//! The endpoint of the next exchange: always the same one, or one that is built before each.

use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use arc_swap::ArcSwap;
use token_core::{Error, ErrorKind, Scrubber, TokenEndpoint, TokenKey};

pub(crate) type AnyEndpoint = Arc<dyn TokenEndpoint>;

/// Makes an endpoint from the credentials of now.
pub(crate) type MakeEndpoint =
    Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<AnyEndpoint, Error>> + Send>> + Send + Sync>;

pub(crate) enum EndpointSource {
    Given(AnyEndpoint),
    Made(Box<Made>),
}

/// An endpoint that is built before each exchange.
pub(crate) struct Made {
    newest: ArcSwap<AnyEndpoint>,
    make: MakeEndpoint,
}

impl EndpointSource {
    pub(crate) fn new(first: AnyEndpoint, make: Option<MakeEndpoint>) -> Self {
        let Some(make) = make else {
            return Self::Given(first);
        };
        let newest = ArcSwap::from_pointee(first);
        Self::Made(Box::new(Made { newest, make }))
    }

    /// Whether an endpoint is built before each exchange.
    pub(crate) fn changes(&self) -> bool {
        matches!(self, Self::Made(_))
    }

    /// Returns the endpoint of the newest exchange.
    pub(crate) fn newest(&self) -> AnyEndpoint {
        match self {
            Self::Given(endpoint) => endpoint.clone(),
            Self::Made(made) => (**made.newest.load()).clone(),
        }
    }

    /// Returns the endpoint of the exchange that begins now.
    pub(crate) async fn next(
        &self,
        key: &TokenKey,
        within: Duration,
    ) -> Result<AnyEndpoint, Error> {
        let made = match self {
            Self::Given(endpoint) => return Ok(endpoint.clone()),
            Self::Made(made) => made,
        };
        let endpoint = made_in_time(async { (made.make)().await }, within).await?;
        if endpoint.key() != *key {
            let what = "the endpoint that was built for this exchange has another key";
            return Err(Error::new(ErrorKind::Config, what));
        }
        made.newest.store(Arc::new(endpoint.clone()));
        Ok(endpoint)
    }
}

/// Awaits an endpoint that the program's closure makes, for at most `within`.
pub(crate) async fn made_in_time<T>(
    making: impl Future<Output = Result<T, Error>>,
    within: Duration,
) -> Result<T, Error> {
    let Ok(made) = tokio::time::timeout(within, unless_it_panics(making)).await else {
        let what = "the endpoint's credentials were not there in time";
        return Err(Error::new(ErrorKind::Transient { after: None }, what));
    };
    made.unwrap_or_else(|| Err(panicked()))
        .map_err(|error| not_made(&error))
}

/// Returns the error of a closure that panicked.
pub(crate) fn panicked() -> Error {
    let what = "the closure that builds the endpoint panicked";
    Error::new(ErrorKind::Config, what)
}

/// Awaits code of the program; `None` if it panics. If a panic of it ended an exchange, the outcome
/// of that would be in doubt although nothing was sent.
pub(crate) async fn unless_it_panics<T>(theirs: impl Future<Output = T>) -> Option<T> {
    let mut theirs = pin!(theirs);
    poll_fn(|context| {
        let polling = AssertUnwindSafe(|| theirs.as_mut().poll(context));
        match catch_unwind(polling) {
            Ok(polled) => polled.map(Some),
            Err(_) => Poll::Ready(None),
        }
    })
    .await
}

/// Asks an endpoint for something, which sends nothing.
///
/// # Errors
///
/// That the endpoint panicked.
pub(crate) fn asked<T>(ask: impl FnOnce() -> T) -> Result<T, Error> {
    let what = "a method of the endpoint panicked";
    catch_unwind(AssertUnwindSafe(ask)).map_err(|_| Error::new(ErrorKind::Config, what))
}

/// Returns the error of an exchange without an endpoint. What the credentials failed with, perhaps
/// in a cache of their own, says nothing about this grant: neither that it is refused, nor that its
/// refresh token may be spent.
pub(crate) fn not_made(error: &Error) -> Error {
    let kind = match error.kind() {
        ErrorKind::InDoubt => ErrorKind::Transient { after: None },
        ErrorKind::Rejected | ErrorKind::RefusedAgain => ErrorKind::Config,
        kind => kind,
    };
    let failed = Error::new(kind, "the endpoint could not be built")
        .with_message(&error.to_string(), &Scrubber::new([]));
    match error.retry_after() {
        Some(wait) => failed.with_retry_after(wait),
        None => failed,
    }
}

impl fmt::Debug for EndpointSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EndpointSource({:?})", self.newest())
    }
}
