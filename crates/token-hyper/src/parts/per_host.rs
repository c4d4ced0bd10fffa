//! What a client has for each host, such as a limit to the requests under way.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use http::Uri;
use http::uri::{Authority, Scheme};
use token_core::{SendError, SendFailure};
use tokio::runtime::Id;

/// From this many hosts on, those that nobody uses are forgotten.
const MANY_HOSTS: usize = 256;

/// Something of a client for each scheme, host and port, and each runtime.
///
/// ```
/// use std::sync::Arc;
///
/// use token_hyper::parts::{MOST_REQUESTS, PerHost};
/// use tokio::sync::Semaphore;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let limits = PerHost::new(|| Semaphore::new(usize::from(MOST_REQUESTS)));
/// let runtime = tokio::runtime::Handle::current().id();
/// let first = limits.of(runtime, &"https://id.example.com/token".parse().unwrap());
/// let second = limits.of(runtime, &"https://id.example.com/revoke".parse().unwrap());
/// assert!(Arc::ptr_eq(&first.unwrap(), &second.unwrap()));
/// # }
/// ```
///
/// Runtimes share nothing: requests on one that is not driven would keep their permits, and its
/// connections would not answer. What nobody else holds is dropped if there are more than 256 hosts.
pub struct PerHost<T> {
    make: Box<dyn Fn() -> T + Send + Sync>,
    /// So few that to compare them is cheaper than to hash.
    hosts: Mutex<Vec<(Host, Arc<T>)>>,
}

struct Host {
    runtime: Id,
    scheme: Scheme,
    authority: Authority,
}

impl<T> PerHost<T> {
    /// Makes what a host has when a request first goes there.
    pub fn new(make: impl Fn() -> T + Send + Sync + 'static) -> Self {
        Self {
            make: Box::new(make),
            hosts: Mutex::default(),
        }
    }

    /// Returns what the host of this URL has on this runtime; `None` if the URL has no host.
    pub fn of(&self, runtime: Id, url: &Uri) -> Option<Arc<T>> {
        let (scheme, authority) = (url.scheme()?, url.authority()?);
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let is_it = |(host, _): &&(Host, Arc<T>)| {
            host.runtime == runtime && host.scheme == *scheme && host.authority == *authority
        };
        if let Some((_, found)) = hosts.iter().find(is_it) {
            return Some(Arc::clone(found));
        }
        let mut forgotten = Vec::new();
        if hosts.len() >= MANY_HOSTS {
            forgotten.extend(hosts.extract_if(.., |(_, used)| Arc::strong_count(used) == 1));
        }
        let host = Host {
            runtime,
            scheme: scheme.clone(),
            authority: authority.clone(),
        };
        let made = Arc::new((self.make)());
        hosts.push((host, Arc::clone(&made)));
        drop(hosts);
        // Not under the lock: a host may have sockets to close.
        drop(forgotten);
        Some(made)
    }
}

/// Returns the error of a request that waited in vain for one of so many others to end.
pub fn waited_for_others(most: u16) -> SendError {
    let detail = format!("it waited for one of {most} other requests to this host to end");
    SendError::before_sending(SendFailure::Timeout).with_detail(detail)
}

impl<T> fmt::Debug for PerHost<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PerHost(…)")
    }
}

#[cfg(test)]
mod tests {
    use tokio::runtime::Handle;
    use tokio::sync::Semaphore;

    use super::*;

    fn permits(limits: &PerHost<Semaphore>, url: &str) -> Arc<Semaphore> {
        let runtime = Handle::current().id();
        limits.of(runtime, &url.parse().unwrap()).unwrap()
    }

    #[tokio::test]
    async fn hosts_without_requests_are_forgotten_once_there_are_many() {
        let limits = PerHost::new(|| Semaphore::new(1));
        let used = permits(&limits, "https://host-0.example/t");
        let _permit = used.acquire().await;
        for number in 1..10 * MANY_HOSTS {
            drop(permits(
                &limits,
                &format!("https://host-{number}.example/t"),
            ));
        }
        assert!(limits.hosts.lock().unwrap().len() <= MANY_HOSTS);
        let same = permits(&limits, "https://HOST-0.example/other");
        assert_eq!(same.available_permits(), 0);
    }
}
