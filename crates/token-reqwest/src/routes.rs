//! The URLs that requests went to last, in the form that reqwest takes, with the limit of their
//! host. A client is mostly used for few URLs, and to parse one and to look up its limit costs more
//! than all else that this crate does for a request.

use std::sync::{Arc, RwLock};

use http::Uri;
use reqwest::Url;
use token_core::{SendError, SendFailure};
use token_hyper::parts::PerHost;
use tokio::runtime::Id;
use tokio::sync::{Semaphore, SemaphorePermit};

/// How many are kept.
const MOST: usize = 8;

/// A limit to the requests under way to one host. Many exchanges that are due at once wait for each
/// other, instead of failing for want of file descriptors.
pub(crate) struct Limit {
    pub(crate) most: u16,
    permits: PerHost<Semaphore>,
}

/// Where requests go.
pub(crate) struct Route {
    runtime: Id,
    uri: Uri,
    url: Url,
    permits: Option<Arc<Semaphore>>,
}

#[derive(Default)]
pub(crate) struct Routes(RwLock<Vec<Arc<Route>>>);

impl Limit {
    pub(crate) fn new(most: u16) -> Self {
        let permits = PerHost::new(move || Semaphore::new(usize::from(most)));
        Self { most, permits }
    }
}

impl Route {
    fn new(runtime: Id, uri: &Uri, limit: &Limit) -> Result<Self, SendError> {
        let url = Url::parse(&uri.to_string())
            .map_err(|_| SendError::before_sending(SendFailure::Unsendable))?;
        Ok(Self {
            runtime,
            uri: uri.clone(),
            url,
            permits: limit.permits.of(runtime, uri),
        })
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Waits until a request may be sent. It is under way until the permit is dropped.
    pub(crate) async fn permit(&self) -> Option<SemaphorePermit<'_>> {
        self.permits.as_ref()?.acquire().await.ok()
    }

    fn is(&self, runtime: Id, uri: &Uri) -> bool {
        self.runtime == runtime && self.uri == *uri
    }

    /// Returns whether it may be kept. A query may hold secrets, and so may what comes before a
    /// host; moreover, `Uri` compares that without regard to case.
    fn is_open(&self) -> bool {
        self.uri.query().is_none() && !self.url.as_str().contains('@')
    }
}

impl Routes {
    /// Returns the way of a request to this URL on this runtime.
    pub(crate) fn find(
        &self,
        runtime: Id,
        uri: &Uri,
        limit: &Limit,
    ) -> Result<Arc<Route>, SendError> {
        if let Some(known) = self.known(runtime, uri) {
            return Ok(known);
        }
        let route = Arc::new(Route::new(runtime, uri, limit)?);
        if route.is_open() {
            self.keep(Arc::clone(&route));
        }
        Ok(route)
    }

    /// Nothing waits for the lock: a forked child may have inherited it locked for ever.
    fn known(&self, runtime: Id, uri: &Uri) -> Option<Arc<Route>> {
        let kept = self.0.try_read().ok()?;
        kept.iter().find(|route| route.is(runtime, uri)).cloned()
    }

    fn keep(&self, route: Arc<Route>) {
        let Ok(mut kept) = self.0.try_write() else {
            return;
        };
        // Another thread may have kept it already.
        kept.retain(|known| !known.is(route.runtime, &route.uri));
        if kept.len() >= MOST {
            kept.remove(0);
        }
        kept.push(route);
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Handle;

    use super::*;

    fn find(routes: &Routes, limit: &Limit, uri: &str) -> Arc<Route> {
        let runtime = Handle::current().id();
        routes.find(runtime, &uri.parse().unwrap(), limit).unwrap()
    }

    #[tokio::test]
    async fn a_url_is_parsed_once_and_only_the_last_ones_are_kept() {
        let (routes, limit) = (Routes::default(), Limit::new(1));
        let first = find(&routes, &limit, "https://vendor.example/t");
        assert_eq!(first.url().as_str(), "https://vendor.example/t");
        let again = find(&routes, &limit, "https://VENDOR.example/t");
        assert!(Arc::ptr_eq(&first, &again));
        for path in 0..10 * MOST {
            let other = find(&routes, &limit, &format!("https://vendor.example/{path}"));
            assert_eq!(other.url().path(), format!("/{path}"));
        }
        assert_eq!(routes.0.read().unwrap().len(), MOST);
        assert!(!Arc::ptr_eq(
            &first,
            &find(&routes, &limit, "https://vendor.example/t")
        ));
    }

    #[tokio::test]
    async fn different_urls_have_different_routes() {
        let (routes, limit) = (Routes::default(), Limit::new(1));
        let urls = [
            "https://vendor.example/t",
            "https://vendor.example/T",
            "https://vendor.example/",
            "https://vendor.example:444/t",
            "https://other.example/t",
            "http://vendor.example/t",
        ];
        for _ in 0..2 {
            for url in urls {
                assert_eq!(find(&routes, &limit, url).url().as_str(), url);
            }
        }
    }

    #[tokio::test]
    async fn a_url_that_may_hold_secrets_is_not_kept() {
        let (routes, limit) = (Routes::default(), Limit::new(1));
        for url in [
            "https://vendor.example/t?code=s3cr3t",
            "https://reader:s3cr3t@vendor.example/t",
            "https://reader:S3CR3T@vendor.example/t",
        ] {
            assert_eq!(find(&routes, &limit, url).url().as_str(), url);
            assert!(routes.0.read().unwrap().is_empty(), "{url}");
        }
    }

    #[tokio::test]
    async fn a_route_has_the_limit_of_its_host_and_runtime() {
        let (routes, limit) = (Routes::default(), Limit::new(1));
        let first = find(&routes, &limit, "https://vendor.example/t");
        let second = find(&routes, &limit, "https://vendor.example/revoke?token=x");
        let permits = |route: &Route| route.permits.clone().unwrap().available_permits();
        let held = first.permit().await;
        assert_eq!((permits(&first), permits(&second)), (0, 0));
        let uri = "https://vendor.example/t".parse().unwrap();
        let other = tokio::task::spawn_blocking(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().handle().id()
        });
        let other = routes.find(other.await.unwrap(), &uri, &limit).unwrap();
        assert_eq!(permits(&other), 1);
        drop(held);
        assert_eq!(permits(&first), 1);
    }
}
