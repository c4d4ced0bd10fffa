//! A copy of a request, kept to send it again. It costs nothing that the first sending does not
//! cost anyway, since the second is rare.

use std::pin::Pin;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Uri, Version};
use http_body::Body as _;
use reqwest::{Body, Request, Url};
use token_core::{ApiBody, Error, ErrorKind};

/// What a request consists of.
pub(crate) struct Kept {
    pub(crate) uri: Uri,
    method: Method,
    headers: HeaderMap,
    version: Version,
    timeout: Option<Duration>,
    body: KeptBody,
}

enum KeptBody {
    Absent,
    Bytes(Bytes),
    Streamed,
}

impl Kept {
    /// Copies a request, all but a body that is a stream.
    pub(crate) fn of(request: &mut Request) -> Result<Self, Error> {
        let uri = request.url().as_str().parse();
        Ok(Self {
            uri: uri.map_err(|_| unusable_url())?,
            method: request.method().clone(),
            headers: request.headers().clone(),
            version: request.version(),
            timeout: request.timeout().copied(),
            body: KeptBody::of(request),
        })
    }

    pub(crate) fn is_whole(&self) -> bool {
        !matches!(self.body, KeptBody::Streamed)
    }

    /// Whether the method is GET or HEAD, or another that changes nothing.
    pub(crate) fn is_safe(&self) -> bool {
        self.method.is_safe()
    }

    pub(crate) fn body(&self) -> ApiBody<'_> {
        match &self.body {
            KeptBody::Absent => ApiBody::of(&[]),
            KeptBody::Bytes(bytes) => ApiBody::of(bytes),
            KeptBody::Streamed => ApiBody::streamed(),
        }
    }

    /// Builds the request again.
    pub(crate) fn to_request(&self) -> Result<Request, Error> {
        let mut request = Request::new(self.method.clone(), url_of(&self.uri)?);
        *request.headers_mut() = self.headers.clone();
        *request.version_mut() = self.version;
        if self.timeout.is_some() {
            *request.timeout_mut() = self.timeout;
        }
        if let KeptBody::Bytes(bytes) = &self.body {
            *request.body_mut() = Some(bytes.clone().into());
        }
        Ok(request)
    }
}

impl KeptBody {
    /// Takes the bytes out of the body and puts them back, for only so can they be shared.
    fn of(request: &mut Request) -> Self {
        let Some(body) = request.body_mut().take() else {
            return Self::Absent;
        };
        if body.as_bytes().is_none() {
            *request.body_mut() = Some(body);
            return Self::Streamed;
        }
        let bytes = only_frame(body);
        *request.body_mut() = Some(bytes.clone().into());
        Self::Bytes(bytes)
    }
}

/// Returns the bytes of a body that consists of them, without copying.
fn only_frame(mut body: Body) -> Bytes {
    let mut context = Context::from_waker(Waker::noop());
    match Pin::new(&mut body).poll_frame(&mut context) {
        Poll::Ready(Some(Ok(frame))) => frame.into_data().unwrap_or_default(),
        _ => Bytes::new(),
    }
}

pub(crate) fn url_of(uri: &Uri) -> Result<Url, Error> {
    uri.to_string().parse().map_err(|_| unusable_url())
}

fn unusable_url() -> Error {
    Error::new(ErrorKind::Config, "the URL of the request is no valid URI")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: Option<Body>) -> Request {
        let url = "https://api.example.com/v1/x?a=%20b&c".parse().unwrap();
        let mut request = Request::new(Method::POST, url);
        request.headers_mut().insert("x-own", "1".parse().unwrap());
        *request.timeout_mut() = Some(Duration::from_secs(3));
        *request.version_mut() = Version::HTTP_2;
        *request.body_mut() = body;
        request
    }

    fn bytes(request: &Request) -> Option<&[u8]> {
        request.body().and_then(Body::as_bytes)
    }

    #[test]
    fn a_copy_is_the_same_request() {
        for body in [None, Some(Body::from("")), Some(Body::from("content"))] {
            let mut original = request(body);
            let kept = Kept::of(&mut original).unwrap();
            let copy = kept.to_request().unwrap();
            assert!(kept.is_whole());
            assert_eq!(copy.url(), original.url());
            assert_eq!(copy.method(), original.method());
            assert_eq!(copy.headers(), original.headers());
            assert_eq!(copy.timeout(), original.timeout());
            assert_eq!(copy.version(), original.version());
            assert_eq!(bytes(&copy), bytes(&original));
        }
    }

    #[test]
    fn the_bytes_of_a_body_are_shared() {
        let content = Bytes::from(vec![7; 1000]);
        let mut original = request(Some(content.clone().into()));
        let kept = Kept::of(&mut original).unwrap();
        let copy = kept.to_request().unwrap();
        for sent in [&original, &copy] {
            assert_eq!(bytes(sent).unwrap().as_ptr(), content.as_ptr());
        }
    }

    #[test]
    fn a_stream_stays_with_the_original() {
        let mut original = request(Some(Body::wrap(Body::from("content"))));
        let kept = Kept::of(&mut original).unwrap();
        assert!(!kept.is_whole());
        assert!(kept.body().is_streamed());
        assert!(original.body().is_some());
    }
}
