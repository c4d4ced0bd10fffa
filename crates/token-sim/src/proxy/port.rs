//! A loopback port that listens or refuses, and stays bound either way.

use std::future;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};

use tokio::net::{TcpListener, TcpSocket, TcpStream};

const BACKLOG: u32 = 1024;

pub(super) struct Port {
    addr: SocketAddr,
    state: State,
}

enum State {
    Listening(TcpListener),
    /// Bound without listening: connections are refused, and no other process gets the port.
    Kept(TcpSocket),
    Lost,
}

impl Port {
    /// Opens this port; 0 is a free one.
    pub(super) fn open(port: u16) -> io::Result<Self> {
        let socket = bound(SocketAddr::from((Ipv4Addr::LOCALHOST, port)))?;
        let listener = socket.listen(BACKLOG)?;
        let addr = listener.local_addr()?;
        Ok(Self {
            addr,
            state: State::Listening(listener),
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) fn refuse(&mut self) -> io::Result<()> {
        if matches!(self.state, State::Kept(_)) {
            return Ok(());
        }
        self.state = State::Lost;
        self.state = State::Kept(bound(self.addr)?);
        Ok(())
    }

    pub(super) fn listen(&mut self) -> io::Result<()> {
        let socket = match std::mem::replace(&mut self.state, State::Lost) {
            State::Kept(socket) => socket,
            State::Lost => bound(self.addr)?,
            listening @ State::Listening(_) => {
                self.state = listening;
                return Ok(());
            }
        };
        self.state = State::Listening(socket.listen(BACKLOG)?);
        Ok(())
    }

    /// Accepts the next connection; pending forever while connections are refused.
    pub(super) async fn accept(&self) -> io::Result<TcpStream> {
        match &self.state {
            State::Listening(listener) => listener.accept().await.map(|(stream, _)| stream),
            State::Kept(_) | State::Lost => future::pending().await,
        }
    }
}

fn bound(addr: SocketAddr) -> io::Result<TcpSocket> {
    let socket = TcpSocket::new_v4()?;
    socket.set_reuseaddr(true)?;
    socket.bind(addr)?;
    Ok(socket)
}
