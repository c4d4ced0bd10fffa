//! The proxy's thread: accepts connections and runs the test's commands.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::connection::{Connection, ProxyState};
use super::port::Port;

pub(super) struct Server {
    addr: SocketAddr,
    commands: Option<mpsc::UnboundedSender<Command>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) async fn start(port: u16, state: Arc<ProxyState>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (commands, received) = mpsc::unbounded_channel();
        let (opened, addr) = oneshot::channel();
        let run_proxy = move || run(&runtime, port, opened, received, state);
        let thread = thread::Builder::new()
            .name("token-sim proxy".to_owned())
            .spawn(run_proxy)?;
        let addr = addr.await.map_err(|_| thread_ended())??;
        Ok(Self {
            addr,
            commands: Some(commands),
            thread: Some(thread),
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) async fn refuse(&self) -> io::Result<()> {
        self.command(Command::Refuse).await
    }

    pub(super) async fn accept(&self) -> io::Result<()> {
        self.command(Command::Accept).await
    }

    async fn command(&self, command: impl FnOnce(Done) -> Command) -> io::Result<()> {
        let (done, result) = oneshot::channel();
        let commands = self.commands.as_ref().ok_or_else(thread_ended)?;
        commands
            .send(command(Done(done)))
            .map_err(|_| thread_ended())?;
        result.await.map_err(|_| thread_ended())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(thread) = self.thread.take() {
            // The thread has already printed its panic.
            let _ = thread.join();
        }
    }
}

struct Done(oneshot::Sender<io::Result<()>>);

enum Command {
    Refuse(Done),
    Accept(Done),
}

impl Done {
    fn send(self, result: io::Result<()>) {
        // The test may have stopped waiting.
        let _ = self.0.send(result);
    }
}

fn run(
    runtime: &Runtime,
    port: u16,
    opened: oneshot::Sender<io::Result<SocketAddr>>,
    commands: mpsc::UnboundedReceiver<Command>,
    state: Arc<ProxyState>,
) {
    runtime.block_on(async {
        match Port::open(port) {
            Ok(port) => {
                let _ = opened.send(Ok(port.addr()));
                serve(port, commands, state).await;
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        }
    });
}

/// Ends when the sender of commands is dropped; dropping the set closes all connections.
async fn serve(
    mut port: Port,
    mut commands: mpsc::UnboundedReceiver<Command>,
    state: Arc<ProxyState>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            command = commands.recv() => match command {
                Some(command) => execute(command, &mut port, &mut connections).await,
                None => return,
            },
            Ok(stream) = port.accept() => {
                state.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(serve_connection(stream, Arc::clone(&state)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn execute(command: Command, port: &mut Port, connections: &mut JoinSet<()>) {
    match command {
        Command::Refuse(done) => {
            let refused = port.refuse();
            connections.shutdown().await;
            done.send(refused);
        }
        Command::Accept(done) => done.send(port.listen()),
    }
}

async fn serve_connection(stream: TcpStream, state: Arc<ProxyState>) {
    // An answer is one write, and the pieces of a drip must not be joined.
    let _ = stream.set_nodelay(true);
    #[cfg(feature = "tls")]
    if let Some(tls) = &state.tls {
        if let Ok(stream) = tls.acceptor().accept(stream).await {
            Connection::new(stream, Arc::clone(&state)).run().await;
        }
        return;
    }
    Connection::new(stream, state).run().await;
}

fn thread_ended() -> io::Error {
    io::Error::other("the proxy's thread has ended")
}
