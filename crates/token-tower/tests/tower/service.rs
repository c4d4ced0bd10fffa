//! Services in memory, and what failed.

use std::io;
use std::sync::{Arc, Mutex};

use http_body_util::{BodyExt, Full};
use token_tower::RequestBody;
use token_tower::token_core::reexports::Bytes;
use token_tower::token_core::reexports::http::request::Parts;
use token_tower::token_core::reexports::http::{Request, Response};
use token_tower::token_core::{Error, ErrorKind};
use tower::util::BoxCloneSyncService;
use tower::{Service, ServiceExt, service_fn};

pub(crate) type BoxError = Box<dyn std::error::Error + Send + Sync>;
pub(crate) type Reply = Response<Full<Bytes>>;
/// A request whose body was in one piece.
pub(crate) type Whole = Request<RequestBody<Full<Bytes>>>;
pub(crate) type Api<R> = BoxCloneSyncService<R, Reply, io::Error>;

/// What an API received.
#[derive(Clone, Default)]
pub(crate) struct Received(Arc<Mutex<Vec<(Parts, Bytes)>>>);

impl Received {
    pub(crate) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    pub(crate) fn parts(&self, index: usize) -> Parts {
        self.0.lock().unwrap()[index].0.clone()
    }

    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        let received = self.0.lock().unwrap();
        received.iter().map(|(_, body)| body.clone()).collect()
    }
}

/// An API that gets requests in one piece.
pub(crate) fn api(
    answer: impl Fn(&Parts) -> Reply + Clone + Send + Sync + 'static,
) -> (Api<Whole>, Received) {
    api_of(answer)
}

/// An API that reads each request to its end and answers by its head.
pub(crate) fn api_of<B>(
    answer: impl Fn(&Parts) -> Reply + Clone + Send + Sync + 'static,
) -> (Api<Request<B>>, Received)
where
    B: http_body::Body<Data = Bytes, Error = BoxError> + Send + 'static,
{
    let received = Received::default();
    let kept = received.clone();
    let service = service_fn(move |request: Request<B>| {
        let (answer, kept) = (answer.clone(), kept.clone());
        async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.map_err(io::Error::other)?.to_bytes();
            let reply = answer(&parts);
            kept.0.lock().unwrap().push((parts, body));
            Ok(reply)
        }
    });
    (BoxCloneSyncService::new(service), received)
}

pub(crate) fn reply(status: u16, body: &'static str) -> Reply {
    let mut reply = Response::new(Full::from(body));
    *reply.status_mut() = status.try_into().unwrap();
    reply
}

pub(crate) fn get(uri: &str) -> Request<Full<Bytes>> {
    Request::get(uri).body(Full::default()).unwrap()
}

/// Sends a request when the service is ready.
pub(crate) async fn send<S, R>(service: &S, request: R) -> Result<S::Response, BoxError>
where
    S: Service<R, Error = BoxError> + Clone,
{
    service.clone().oneshot(request).await
}

/// Returns the token's failure.
pub(crate) fn failure<T>(result: Result<T, BoxError>) -> Error {
    let error = result.err().expect("it fails");
    *error.downcast::<Error>().expect("the token's failure")
}

pub(crate) fn kind<T>(result: Result<T, BoxError>) -> ErrorKind {
    failure(result).kind()
}
