//! Accepts connections, on a port or on a socket of this user.

use std::fmt;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpSocket};

use super::address::Address;
use crate::failure::Failure;

/// How many clients the kernel queues until they are accepted; it may have a lower limit of its
/// own. Of one client more, it drops the request to connect, which is sent again after a second.
const BACKLOG: u32 = 4096;

/// A listening socket.
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(unix::SocketFile),
}

/// A connection of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Listener {
    pub(super) async fn bind(address: &Address) -> Result<Self, Failure> {
        let bound = match address {
            Address::Tcp(address) => listen_on(*address).map(Self::Tcp),
            #[cfg(unix)]
            Address::Unix(path) => unix::SocketFile::bind(path).await.map(Self::Unix),
            #[cfg(not(unix))]
            Address::Unix(_) => Err(io::Error::other(
                "this system has no Unix sockets; write --listen 127.0.0.1:PORT",
            )),
        };
        bound.map_err(|error| Failure::store(format!("--listen {address}: {error}")))
    }

    /// Returns whether every user of this machine can connect.
    pub(super) fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }

    /// Waits for a connection of somebody who may connect. Fails if the process cannot accept any.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        loop {
            match self.accept_next().await {
                Err(error) if is_of_the_client(&error) => {}
                accepted => return accepted,
            }
        }
    }

    async fn accept_next(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                // Answers are only later without it.
                drop(stream.set_nodelay(true));
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Unix(socket) => Ok(Box::new(socket.accept().await?)),
        }
    }
}

/// Returns whether the client went away before it was accepted.
fn is_of_the_client(error: &io::Error) -> bool {
    use ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset, NotConnected};
    let kinds = [
        ConnectionAborted,
        ConnectionRefused,
        ConnectionReset,
        NotConnected,
    ];
    kinds.contains(&error.kind())
}

fn listen_on(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = match address {
        SocketAddr::V4(_) => TcpSocket::new_v4()?,
        SocketAddr::V6(_) => TcpSocket::new_v6()?,
    };
    // On Windows, it would let another process take the port.
    #[cfg(unix)]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

impl fmt::Display for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(listener) => match listener.local_addr() {
                Ok(address) => Address::Tcp(address).fmt(f),
                Err(error) => error.fmt(f),
            },
            #[cfg(unix)]
            Self::Unix(socket) => Address::Unix(socket.path().to_owned()).fmt(f),
        }
    }
}

#[cfg(unix)]
mod unix {
    use std::fs::{self, Permissions};
    use std::io;
    use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
    use std::path::{Path, PathBuf};

    use tokio::net::{UnixListener, UnixSocket, UnixStream};

    use crate::commands::serve::listener::BACKLOG;
    use crate::directory;
    use crate::failure::say;

    /// A socket file, which is removed at the end.
    pub(in super::super) struct SocketFile {
        listener: UnixListener,
        path: PathBuf,
        inode: u64,
    }

    impl SocketFile {
        /// Makes the socket where nobody else can enter, and then moves it: at no time can another
        /// user connect. One that nobody listens on any more is replaced.
        pub(super) async fn bind(path: &Path) -> io::Result<Self> {
            refuse_what_is_in_use(path).await?;
            let private = tempfile::Builder::new()
                .prefix(".va")
                .tempdir_in(directory::of_file(path))?;
            let first = private.path().join("s");
            let socket = UnixSocket::new_stream()?;
            socket.bind(&first)?;
            let listener = socket.listen(BACKLOG)?;
            fs::set_permissions(&first, Permissions::from_mode(0o600))?;
            let inode = fs::symlink_metadata(&first)?.ino();
            fs::rename(&first, path)?;
            Ok(Self {
                listener,
                path: path.to_owned(),
                inode,
            })
        }

        pub(super) fn path(&self) -> &Path {
            &self.path
        }

        /// Waits for a connection of this user or of root, who can do anything anyway. Those of
        /// others, who reach the socket only if somebody changed its mode, are closed.
        pub(super) async fn accept(&self) -> io::Result<UnixStream> {
            loop {
                let (stream, _) = self.listener.accept().await?;
                let user = stream.peer_cred()?.uid();
                if user == 0 || user == rustix::process::geteuid().as_raw() {
                    return Ok(stream);
                }
                say(&format!("refused a connection of user {user}"));
            }
        }
    }

    impl Drop for SocketFile {
        fn drop(&mut self) {
            let is_ours = |found: fs::Metadata| found.ino() == self.inode;
            if fs::symlink_metadata(&self.path).is_ok_and(is_ours) {
                drop(fs::remove_file(&self.path));
            }
        }
    }

    async fn refuse_what_is_in_use(path: &Path) -> io::Result<()> {
        let Ok(found) = fs::symlink_metadata(path) else {
            return Ok(());
        };
        if !found.file_type().is_socket() {
            return Err(io::Error::other("is a file, not a socket; remove it"));
        }
        match UnixStream::connect(path).await {
            Ok(_) => Err(in_use()),
            // Its queue is full.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(in_use()),
            Err(error) if is_left_over(&error) => Ok(()),
            Err(error) => Err(error),
        }
    }

    fn in_use() -> io::Error {
        io::Error::other("another process serves there")
    }

    /// Returns whether nobody listens on a socket any more.
    fn is_left_over(error: &io::Error) -> bool {
        use io::ErrorKind::{ConnectionRefused, NotFound};
        matches!(error.kind(), ConnectionRefused | NotFound)
    }
}
