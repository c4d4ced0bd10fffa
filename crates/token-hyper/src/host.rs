//! What a client has for each host: a limit to the requests under way, and connections that are
//! kept for requests that may be sent again.

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use forkguard::Guard;
use http::uri::Authority;
use http::{HeaderValue, Uri};
use tokio::sync::Semaphore;
use tokio::time::{Instant, sleep};

use crate::connection::Connection;
use crate::parts::IDLE;

pub(crate) struct Host {
    pub(crate) permits: Semaphore,
    /// Its name, as requests have it; `None` if it cannot be sent.
    name: OnceLock<Option<HeaderValue>>,
    /// Tells whether this is a forked child of the process that made it.
    forks: Guard,
    kept: Mutex<Kept>,
}

/// Connections without a request, the one that was used last at the end.
#[derive(Default)]
struct Kept {
    connections: Vec<(Instant, Box<Connection>)>,
    /// A task closes those that nobody uses.
    are_watched: bool,
}

impl Host {
    pub(crate) fn new(most_requests: u16) -> Self {
        Self {
            permits: Semaphore::new(usize::from(most_requests)),
            name: OnceLock::new(),
            forks: Guard::default(),
            kept: Mutex::default(),
        }
    }

    /// Returns the value of the `Host` header for a URL of this host; `None` if the port is not
    /// valid.
    pub(crate) fn name(&self, url: &Uri) -> Option<&HeaderValue> {
        self.name.get_or_init(|| host_header(url)).as_ref()
    }

    /// Returns a connection that can be used at once.
    pub(crate) fn take(&self) -> Option<Box<Connection>> {
        if !self.is_of_this_process() {
            return None;
        }
        loop {
            let (since, mut connection) = self.kept().connections.pop()?;
            if since.elapsed() < IDLE && connection.is_ready() {
                return Some(connection);
            }
        }
    }

    /// Keeps a connection for the next request, if it can be used again.
    pub(crate) fn keep(self: &Arc<Self>, mut connection: Box<Connection>) {
        if !self.is_of_this_process() || !connection.is_ready() {
            return;
        }
        let mut kept = self.kept();
        kept.connections.push((Instant::now(), connection));
        let are_watched = std::mem::replace(&mut kept.are_watched, true);
        drop(kept);
        // Not under the lock: a runtime that shuts down drops the task at once.
        if !are_watched {
            drop(tokio::spawn(Watch::of(self).close_the_unused()));
        }
    }

    /// Returns whether this process has made the connections. A forked child shares the parent's
    /// sockets, and its epoll.
    fn is_of_this_process(&self) -> bool {
        !self.forks.clone().detected_fork()
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Closes what was not used for so long, and returns whether there is more.
    fn close_the_unused(&self) -> bool {
        let mut kept = self.kept();
        let used = kept
            .connections
            .partition_point(|(since, _)| since.elapsed() >= IDLE);
        let unused: Vec<_> = kept.connections.drain(..used).collect();
        kept.are_watched = !kept.connections.is_empty();
        let goes_on = kept.are_watched;
        drop(kept);
        drop(unused);
        goes_on
    }
}

impl Drop for Host {
    #[expect(
        clippy::mem_forget,
        reason = "a forked child would remove the parent's sockets from its epoll"
    )]
    fn drop(&mut self) {
        let is_ours = self.is_of_this_process();
        let kept = self.kept.get_mut().unwrap_or_else(PoisonError::into_inner);
        if !is_ours {
            std::mem::forget(std::mem::take(&mut kept.connections));
        }
    }
}

/// Returns the host, and its port unless that is the default.
fn host_header(url: &Uri) -> Option<HeaderValue> {
    if url.authority().is_some_and(has_invalid_port) {
        return None;
    }
    let host = url.host()?;
    let default = match url.scheme_str() {
        Some("https") => 443,
        _ => 80,
    };
    match url.port_u16().filter(|port| *port != default) {
        Some(port) => HeaderValue::from_str(&format!("{host}:{port}")).ok(),
        None => HeaderValue::from_str(host).ok(),
    }
}

/// `http` takes any digits for a port, and hyper's connector then uses the default one.
fn has_invalid_port(authority: &Authority) -> bool {
    let after_host = authority.as_str().strip_prefix(authority.host());
    authority.port().is_none()
        && after_host.is_some_and(|it| !it.trim_start_matches(':').is_empty())
}

/// Closes connections that nobody uses, and all when its runtime shuts down.
struct Watch {
    host: Weak<Host>,
    has_ended: bool,
}

impl Watch {
    fn of(host: &Arc<Host>) -> Self {
        Self {
            host: Arc::downgrade(host),
            has_ended: false,
        }
    }

    async fn close_the_unused(mut self) {
        while !self.has_ended {
            sleep(IDLE).await;
            let host = self.host.upgrade();
            self.has_ended = host.is_none_or(|host| !host.close_the_unused());
        }
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let host = self.host.upgrade().filter(|_| !self.has_ended);
        let Some(host) = host.filter(|host| host.is_of_this_process()) else {
            return;
        };
        let mut kept = host.kept();
        kept.are_watched = false;
        let connections = std::mem::take(&mut kept.connections);
        drop(kept);
        drop(connections);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_is_sent_without_a_default_port() {
        for (url, expected) in [
            ("https://vendor.example/t", "vendor.example"),
            ("https://vendor.example:443/t", "vendor.example"),
            ("http://vendor.example:80/t", "vendor.example"),
            ("http://vendor.example:443/t", "vendor.example:443"),
            ("https://[::1]:8443/t", "[::1]:8443"),
            ("https://[::1]/t", "[::1]"),
        ] {
            assert_eq!(host_header(&url.parse().unwrap()).unwrap(), expected);
        }
    }

    #[test]
    fn a_host_with_an_invalid_port_has_no_name() {
        let host = Host::new(1);
        for _ in 0..2 {
            assert!(
                host.name(&"http://[::1]:99999/t".parse().unwrap())
                    .is_none()
            );
        }
    }
}
