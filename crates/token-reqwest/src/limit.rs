//! A limit to the requests under way to one host. Many exchanges that are due at once wait for each
//! other, instead of failing for want of file descriptors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use http::uri::{Authority, Scheme};
use tokio::runtime::{Handle, Id};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(crate) const DEFAULT: u16 = 64;

/// From this many hosts on, those without requests are forgotten.
const MANY_HOSTS: usize = 256;

pub(crate) struct Limit {
    per_host: u16,
    hosts: Mutex<HashMap<Host, Arc<Semaphore>>>,
}

/// Runtimes do not share a limit: requests on one that is not driven would keep their permits.
#[derive(PartialEq, Eq, Hash)]
struct Host {
    runtime: Id,
    scheme: Scheme,
    authority: Authority,
}

impl Limit {
    pub(crate) fn new(per_host: u16) -> Self {
        Self {
            per_host,
            hosts: Mutex::default(),
        }
    }

    pub(crate) fn per_host(&self) -> u16 {
        self.per_host
    }

    /// Waits until a request to this URL may be sent. It is under way until the permit is dropped.
    pub(crate) async fn permit(&self, url: &Uri) -> Option<OwnedSemaphorePermit> {
        let host = Host {
            runtime: Handle::current().id(),
            scheme: url.scheme()?.clone(),
            authority: url.authority()?.clone(),
        };
        self.of_host(host).acquire_owned().await.ok()
    }

    fn of_host(&self, host: Host) -> Arc<Semaphore> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        if hosts.len() >= MANY_HOSTS && !hosts.contains_key(&host) {
            hosts.retain(|_, permits| Arc::strong_count(permits) > 1);
        }
        let permits = hosts
            .entry(host)
            .or_insert_with(|| Arc::new(Semaphore::new(usize::from(self.per_host))));
        Arc::clone(permits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(number: usize) -> Uri {
        format!("https://host-{number}.example/t").parse().unwrap()
    }

    #[tokio::test]
    async fn hosts_without_requests_are_forgotten_once_there_are_many() {
        let limit = Limit::new(1);
        let kept = limit.permit(&url(0)).await;
        for number in 1..10 * MANY_HOSTS {
            drop(limit.permit(&url(number)).await);
        }
        assert!(limit.hosts.lock().unwrap().len() <= MANY_HOSTS);
        let full = limit.of_host(Host {
            runtime: Handle::current().id(),
            scheme: Scheme::HTTPS,
            authority: "HOST-0.example".parse().unwrap(),
        });
        assert_eq!(full.available_permits(), 0);
        drop(kept);
        assert_eq!(full.available_permits(), 1);
    }
}
