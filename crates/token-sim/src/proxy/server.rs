//! The proxy's thread: accepts connections and obeys the test.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread::{self, JoinHandle};

use tokio::net::TcpStream;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinSet;

use super::connection::Connection;
use super::port::Port;
use super::state::ProxyState;

pub(super) struct Server {
    addr: SocketAddr,
    orders: Option<mpsc::UnboundedSender<Order>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(super) async fn start(state: Arc<ProxyState>) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let (orders, received) = mpsc::unbounded_channel();
        let (opened, port) = oneshot::channel();
        let work = move || run(&runtime, opened, received, state);
        let thread = thread::Builder::new()
            .name("token-sim proxy".to_owned())
            .spawn(work)?;
        let addr = port.await.map_err(|_| gone())??;
        Ok(Self {
            addr,
            orders: Some(orders),
            thread: Some(thread),
        })
    }

    pub(super) fn addr(&self) -> SocketAddr {
        self.addr
    }

    pub(super) async fn refuse(&self) -> io::Result<()> {
        self.order(Order::Refuse).await
    }

    pub(super) async fn accept(&self) -> io::Result<()> {
        self.order(Order::Accept).await
    }

    async fn order(&self, order: impl FnOnce(Done) -> Order) -> io::Result<()> {
        let (done, result) = oneshot::channel();
        let orders = self.orders.as_ref().ok_or_else(gone)?;
        orders.send(order(Done(done))).map_err(|_| gone())?;
        result.await.map_err(|_| gone())?
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.orders = None;
        if let Some(thread) = self.thread.take() {
            // A panic there has been printed already.
            let _ = thread.join();
        }
    }
}

struct Done(oneshot::Sender<io::Result<()>>);

enum Order {
    Refuse(Done),
    Accept(Done),
}

impl Done {
    fn tell(self, result: io::Result<()>) {
        // The test may have stopped waiting.
        let _ = self.0.send(result);
    }
}

fn run(
    runtime: &Runtime,
    opened: oneshot::Sender<io::Result<SocketAddr>>,
    orders: mpsc::UnboundedReceiver<Order>,
    state: Arc<ProxyState>,
) {
    runtime.block_on(async {
        match Port::open() {
            Ok(port) => {
                let _ = opened.send(Ok(port.addr()));
                serve(port, orders, state).await;
            }
            Err(error) => {
                let _ = opened.send(Err(error));
            }
        }
    });
}

/// Ends when the sender of orders is dropped; dropping the set ends all connections.
async fn serve(mut port: Port, mut orders: mpsc::UnboundedReceiver<Order>, state: Arc<ProxyState>) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            order = orders.recv() => match order {
                Some(order) => obey(order, &mut port, &mut connections).await,
                None => return,
            },
            Ok(stream) = port.accept() => {
                state.connections.fetch_add(1, Ordering::SeqCst);
                connections.spawn(converse(stream, Arc::clone(&state)));
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

async fn obey(order: Order, port: &mut Port, connections: &mut JoinSet<()>) {
    match order {
        Order::Refuse(done) => {
            let refused = port.refuse();
            connections.shutdown().await;
            done.tell(refused);
        }
        Order::Accept(done) => done.tell(port.listen()),
    }
}

async fn converse(stream: TcpStream, state: Arc<ProxyState>) {
    // Answers are written in one piece; drips must not be gathered.
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

fn gone() -> io::Error {
    io::Error::other("the proxy's thread has ended")
}
