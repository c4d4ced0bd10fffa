//! Renders the metrics of this process to whoever asks.

use std::time::Duration;

use anyhow::{Context as _, Result};
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// In seconds: a token request takes from milliseconds to the deadline of an exchange.
const BUCKETS: [f64; 12] = [
    0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1.0, 5.0, 20.0, 120.0,
];
/// Scrapes come four times a second.
const PATIENCE: Duration = Duration::from_secs(60);

/// An exporter on a loopback port.
pub(super) struct Exporter {
    metrics: PrometheusHandle,
    port: u16,
    scrapes: watch::Receiver<u32>,
}

impl Exporter {
    pub(super) async fn start() -> Result<Self> {
        let histograms = Matcher::Suffix("_seconds".to_owned());
        let builder = PrometheusBuilder::new().set_buckets_for_metric(histograms, &BUCKETS)?;
        let metrics = builder.install_recorder()?;
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let port = listener.local_addr()?.port();
        let (counter, scrapes) = watch::channel(0);
        tokio::spawn(serve(listener, metrics.clone(), counter));
        Ok(Self {
            metrics,
            port,
            scrapes,
        })
    }

    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn render(&self) -> String {
        self.metrics.render()
    }

    /// Waits for two scrapes, and for the begin of a third: by then the two are stored.
    pub(super) async fn scraped_twice(&self) -> Result<()> {
        let mut scrapes = self.scrapes.clone();
        let enough = *scrapes.borrow_and_update() + 3;
        let waiting = scrapes.wait_for(|count| *count >= enough);
        let waited = tokio::time::timeout(PATIENCE, waiting).await;
        waited.context("Prometheus does not scrape")??;
        Ok(())
    }
}

async fn serve(listener: TcpListener, metrics: PrometheusHandle, counter: watch::Sender<u32>) {
    while let Ok((stream, _)) = listener.accept().await {
        // A scrape that breaks is followed by the next.
        if answer(stream, &metrics).await.is_ok() {
            counter.send_modify(|count| *count += 1);
        }
    }
}

async fn answer(mut stream: TcpStream, metrics: &PrometheusHandle) -> Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(stream.read_u8().await?);
    }
    let body = metrics.render();
    let head = "HTTP/1.1 200 OK\r\nContent-Type: text/plain; version=0.0.4\r\nConnection: close";
    let answer = format!("{head}\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    stream.write_all(answer.as_bytes()).await?;
    stream.shutdown().await?;
    Ok(())
}
