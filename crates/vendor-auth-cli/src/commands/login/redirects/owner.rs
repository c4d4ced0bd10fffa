//! Whose a connection is: only the person who logs in may bring a redirect.

use std::net::SocketAddr;

use tokio::net::TcpStream;

/// Both ends of a connection to this program.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(
    not(target_os = "linux"),
    expect(dead_code, reason = "only Linux tells whose they are")
)]
pub(super) struct Ends {
    own: SocketAddr,
    other: SocketAddr,
}

impl Ends {
    /// Returns the ends; `None` if the connection is over.
    pub(super) fn of(stream: &TcpStream) -> Option<Self> {
        Some(Self {
            own: stream.local_addr().ok()?,
            other: stream.peer_addr().ok()?,
        })
    }

    /// Returns whether a program of this user, or of root, holds the other end now. Only Linux
    /// tells; elsewhere it is taken to be so.
    pub(super) fn are_of_this_user(self) -> bool {
        is_of_this_user(self)
    }
}

#[cfg(target_os = "linux")]
fn is_of_this_user(ends: Ends) -> bool {
    let Ok(mut sockets) = procfs::net::tcp() else {
        return true;
    };
    sockets.extend(procfs::net::tcp6().unwrap_or_default());
    let canonical = |address: SocketAddr| (address.ip().to_canonical(), address.port());
    let other = sockets.iter().find(|socket| {
        canonical(socket.local_address) == canonical(ends.other)
            && canonical(socket.remote_address) == canonical(ends.own)
    });
    match other {
        // A socket that its program left belongs to nobody, and is shown as root's.
        Some(socket) if socket.inode == 0 => false,
        Some(socket) => [0, rustix::process::geteuid().as_raw()].contains(&socket.uid),
        None => is_below_windows(),
    }
}

/// Returns whether a browser of Windows may hold a socket that this kernel does not know.
#[cfg(target_os = "linux")]
fn is_below_windows() -> bool {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    release.to_ascii_lowercase().contains("microsoft")
}

#[cfg(not(target_os = "linux"))]
fn is_of_this_user(_ends: Ends) -> bool {
    true
}
