//! A limit to the requests under way to one host. Many exchanges that are due at once wait for each
//! other, instead of failing for want of file descriptors.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use http::uri::{Authority, Scheme};
use tokio::runtime::Id;
use tokio::sync::Semaphore;

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

    /// Returns what a request to this URL needs one of while it is under way.
    pub(crate) fn permits(&self, runtime: Id, url: &Uri) -> Option<Arc<Semaphore>> {
        Some(self.of_host(Host {
            runtime,
            scheme: url.scheme()?.clone(),
            authority: url.authority()?.clone(),
        }))
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
    use tokio::runtime::Handle;

    use super::*;

    fn permits(limit: &Limit, url: &str) -> Arc<Semaphore> {
        let runtime = Handle::current().id();
        limit.permits(runtime, &url.parse().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn hosts_without_requests_are_forgotten_once_there_are_many() {
        let limit = Limit::new(1);
        let used = permits(&limit, "https://host-0.example/t");
        let _permit = used.acquire().await;
        for number in 1..10 * MANY_HOSTS {
            drop(permits(&limit, &format!("https://host-{number}.example/t")));
        }
        assert!(limit.hosts.lock().unwrap().len() <= MANY_HOSTS);
        let same = permits(&limit, "https://HOST-0.example/other");
        assert_eq!(same.available_permits(), 0);
    }
}
