//! The service that the layer makes.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower_service::Service;

use crate::BoxError;
use crate::request_body::RequestBody;
use crate::response_body::ResponseBody;
use crate::send::send;
use crate::settings::Settings;

/// An HTTP client that puts the token on its requests. [`TokenLayer`](crate::TokenLayer) makes it.
///
/// Its error is boxed, as that of tower's own middleware which adds errors. A failure of the token
/// is a [`token_core::Error`] in it; every other error is the inner service's or the request
/// body's.
///
/// ```
/// use token_tower::token_core;
///
/// fn advice(error: &(dyn std::error::Error + Send + Sync + 'static)) -> &'static str {
///     match error.downcast_ref::<token_core::Error>().map(token_core::Error::kind) {
///         Some(token_core::ErrorKind::Rejected) => "log in again",
///         Some(_) => "see ErrorKind",
///         None => "the API was not reached",
///     }
/// }
/// ```
#[derive(Clone, Debug)]
pub struct TokenService<S> {
    settings: Arc<Settings>,
    inner: S,
}

impl<S> TokenService<S> {
    pub(crate) fn new(settings: Arc<Settings>, inner: S) -> Self {
        Self { settings, inner }
    }

    /// Returns the inner service.
    pub fn get_ref(&self) -> &S {
        &self.inner
    }

    /// Returns the inner service, for changes of it.
    pub fn get_mut(&mut self) -> &mut S {
        &mut self.inner
    }

    /// Returns the inner service alone.
    pub fn into_inner(self) -> S {
        self.inner
    }
}

impl<S, B, R> Service<Request<B>> for TokenService<S>
where
    S: Service<Request<RequestBody<B>>, Response = Response<R>> + Clone + Send + 'static,
    S::Error: Into<BoxError>,
    S::Future: Send,
    B: Body + Send + 'static,
    B::Error: Into<BoxError>,
    R: Body + Send + Unpin + 'static,
    R::Error: Send,
{
    type Response = Response<ResponseBody<R>>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, BoxError>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.inner.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: Request<B>) -> Self::Future {
        // The service that is ready goes into the future, and its clone stays here.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        Box::pin(send(Arc::clone(&self.settings), ready, request))
    }
}
