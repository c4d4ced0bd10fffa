//! Accepts connections, on a port or on a socket of this user.

use std::fmt;
use std::io;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;

use super::address::Address;
use crate::failure::Failure;

/// A listening socket.
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(unix::UnixSocket),
}

/// A connection of either kind.
pub(super) trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

impl Listener {
    pub(super) async fn bind(address: &Address) -> Result<Self, Failure> {
        let bound = match address {
            Address::Tcp(address) => TcpListener::bind(address).await.map(Self::Tcp),
            #[cfg(unix)]
            Address::Unix(path) => unix::UnixSocket::bind(path).await.map(Self::Unix),
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

    /// Waits for a connection of somebody who may connect.
    pub(super) async fn accept(&self) -> io::Result<Box<dyn Stream>> {
        match self {
            Self::Tcp(listener) => {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                Ok(Box::new(stream))
            }
            #[cfg(unix)]
            Self::Unix(socket) => Ok(Box::new(socket.accept().await?)),
        }
    }
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

    use tokio::net::{UnixListener, UnixStream};

    use crate::failure::say;

    /// A socket file, which is removed at the end.
    pub(in super::super) struct UnixSocket {
        listener: UnixListener,
        path: PathBuf,
        inode: u64,
    }

    impl UnixSocket {
        /// Makes the socket where nobody else can enter, and then moves it: at no time can another
        /// user connect. One that nobody listens on any more is replaced.
        pub(super) async fn bind(path: &Path) -> io::Result<Self> {
            refuse_what_is_in_use(path).await?;
            let directory = match path.parent() {
                Some(parent) if parent != Path::new("") => parent,
                _ => Path::new("."),
            };
            let private = tempfile::Builder::new()
                .prefix(".va")
                .tempdir_in(directory)?;
            let first = private.path().join("s");
            let listener = UnixListener::bind(&first)?;
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

    impl Drop for UnixSocket {
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
            Ok(_) => Err(io::Error::other("another process serves there")),
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Err(error),
            Err(_) => Ok(()),
        }
    }
}
