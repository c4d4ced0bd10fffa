//! The name and the port.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs as _};
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::finding::Report;
use super::target::Next;
use crate::failure::TRY_LATER;

/// Does something that blocks, on a thread that does not delay the end of the program. Returns
/// nothing if it takes longer.
pub(super) async fn in_time<T: Send + 'static>(
    within: Duration,
    work: impl FnOnce() -> T + Send + 'static,
) -> Option<T> {
    let (done, waiting) = oneshot::channel();
    std::thread::spawn(move || drop(done.send(work())));
    timeout(within, waiting).await.ok()?.ok()
}

/// Finds the addresses of a host.
pub(super) async fn resolve(
    next: &Next,
    within: Duration,
    report: &Report,
) -> Option<Vec<SocketAddr>> {
    let (host, port) = (next.host.trim_matches(['[', ']']).to_owned(), next.port);
    let found = in_time(within, move || {
        let found = (host.as_str(), port).to_socket_addrs();
        found.map(Iterator::collect::<Vec<_>>)
    });
    let host = &next.host;
    let what = if next.is_proxy {
        "the proxy's host "
    } else {
        ""
    };
    let advice = match next.is_proxy {
        true => "correct the proxy's host, or the machine's name servers",
        false => {
            "correct the host in the configuration, the machine's name servers, or set a proxy"
        }
    };
    let failed = match found.await {
        Some(Ok(addresses)) if !addresses.is_empty() => {
            let list: Vec<_> = addresses.iter().map(|it| it.ip().to_string()).collect();
            report.ok("dns", format!("{what}{host} is {}", list.join(", ")));
            return Some(addresses);
        }
        Some(Ok(_)) => format!("{what}{host} has no address"),
        Some(Err(error)) => format!("{what}{host} is not resolved: {error}"),
        None => format!(
            "{what}{host} is not resolved within {} s: no name server answers",
            within.as_secs()
        ),
    };
    report.fail("dns", TRY_LATER, failed, advice);
    None
}

/// Connects to one of the addresses.
pub(super) async fn connect(
    next: &Next,
    addresses: &[SocketAddr],
    within: Duration,
    report: &Report,
) -> bool {
    let connected = timeout(within, TcpStream::connect(addresses)).await;
    let what = if next.is_proxy { "the proxy " } else { "" };
    let place = format!("{what}{}:{}", next.host, next.port);
    let (found, advice) = match connected {
        Ok(Ok(stream)) => {
            let address = stream.peer_addr();
            let address = address.map_or_else(|_| place.clone(), |it| it.to_string());
            report.ok("tcp", format!("connected to {what}{address}"));
            return true;
        }
        Ok(Err(error)) if error.kind() == io::ErrorKind::ConnectionRefused => (
            format!("{place} refuses connections"),
            "check the port; nothing listens there, or a firewall refuses",
        ),
        Ok(Err(error)) => (
            format!("{place} is not reached: {error}"),
            "check the network's route and firewall, or set a proxy",
        ),
        Err(_) => (
            format!("{place} does not answer within {} s", within.as_secs()),
            "check the firewall, which may drop packets, or set a proxy",
        ),
    };
    report.fail("tcp", TRY_LATER, found, advice);
    false
}
