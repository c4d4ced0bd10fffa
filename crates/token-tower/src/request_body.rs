//! The body of a request, which can be sent twice.

pub(crate) mod recording;

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

use self::recording::Playback;
use crate::BoxError;
use crate::piece::Polled;

/// The body of a request as the inner service gets it.
///
/// A body that was in one piece when the request came, such as `Full<Bytes>`, is in one piece here
/// and can be sent twice. Of a stream, what is sent is
/// [kept](crate::TokenLayer::replay_limit), and the second send begins with it.
///
/// An inner service that takes a body of one type gets it by
/// [`MapRequestBodyLayer`](https://docs.rs/tower-http/latest/tower_http/map_request_body):
///
/// ```
/// use http_body_util::combinators::UnsyncBoxBody;
/// use http_body_util::{BodyExt, Full};
/// use tower::ServiceBuilder;
/// use tower_http::map_request_body::MapRequestBodyLayer;
/// # use token_tower::token_core::reexports::{Bytes, http};
/// # use token_tower::{RequestBody, TokenLayer};
/// # type Error = Box<dyn std::error::Error + Send + Sync>;
/// # async fn api(_: http::Request<UnsyncBoxBody<Bytes, Error>>) -> Result<http::Response<Full<Bytes>>, Error> {
/// #     Ok(http::Response::default())
/// # }
/// # fn layer(tokens: token_cache::TokenCache) {
/// # let client = tower::service_fn(api);
///
/// let service = ServiceBuilder::new()
///     .layer(TokenLayer::new(tokens))
///     .layer(MapRequestBodyLayer::new(RequestBody::<Full<Bytes>>::boxed_unsync))
///     .service(client);
/// # fn check(_: &impl tower::Service<http::Request<Full<Bytes>>>) {}
/// # check(&service);
/// # }
/// ```
pub struct RequestBody<B>(Inner<B>);

enum Inner<B> {
    Whole {
        bytes: Option<Bytes>,
        has_length: bool,
    },
    Streamed(Playback<B>),
}

impl<B> RequestBody<B> {
    /// A body in one piece. Its length is only stated if that of the original was.
    pub(crate) fn whole(bytes: Bytes, has_length: bool) -> Self {
        let bytes = Some(bytes).filter(|bytes| !bytes.is_empty());
        Self(Inner::Whole { bytes, has_length })
    }

    pub(crate) fn streamed(playback: Playback<B>) -> Self {
        Self(Inner::Streamed(playback))
    }
}

impl<B> Body for RequestBody<B>
where
    B: Body,
    B::Error: Into<BoxError>,
{
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Polled<Bytes, BoxError> {
        match &mut self.0 {
            Inner::Whole { bytes, .. } => Poll::Ready(bytes.take().map(|it| Ok(Frame::data(it)))),
            Inner::Streamed(playback) => playback.poll_frame(cx),
        }
    }

    fn is_end_stream(&self) -> bool {
        match &self.0 {
            Inner::Whole { bytes, has_length } => bytes.is_none() && *has_length,
            Inner::Streamed(playback) => playback.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match &self.0 {
            Inner::Whole {
                has_length: false, ..
            } => SizeHint::default(),
            Inner::Whole { bytes, .. } => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                SizeHint::with_exact(u64::try_from(length).unwrap_or(u64::MAX))
            }
            Inner::Streamed(playback) => playback.size_hint(),
        }
    }
}

impl<B> fmt::Debug for RequestBody<B> {
    /// Shows no byte of the body.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Inner::Whole { bytes, .. } => {
                let length = bytes.as_ref().map_or(0, Bytes::len);
                write!(f, "RequestBody({length} bytes)")
            }
            Inner::Streamed(_) => f.write_str("RequestBody(streamed)"),
        }
    }
}
