//! What happens if a person or a supervisor ends the program.

use std::future::Future;
#[cfg(unix)]
use std::io;
use std::sync::OnceLock;
#[cfg(unix)]
use std::task::Poll;
use std::time::Duration;

#[cfg(unix)]
use tokio::signal::unix::{Signal, SignalKind, signal};
use vendor_auth::TokenCache;

use crate::failure::Failure;

/// How long an exchange under way is waited for.
const GRACE: Duration = Duration::from_secs(10);

/// The number of the signal that ends this program.
static ENDS_BY: OnceLock<u8> = OnceLock::new();

/// Runs something that a signal may end. An exchange that is under way is completed first: its
/// refresh token would be lost. What begins after the signal ends at once.
pub(crate) async fn interruptible<T>(
    tokens: &TokenCache,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased; // The signals are listened to before the work begins.
        signal = ended_once() => {
            let _settled = tokens.drain(GRACE).await;
            Err(Failure::interrupted(signal))
        }
        outcome = work => outcome,
    }
}

async fn ended_once() -> u8 {
    match ENDS_BY.get() {
        Some(signal) => *signal,
        None => {
            let signal = ended().await;
            *ENDS_BY.get_or_init(|| signal)
        }
    }
}

/// Waits for a signal that ends programs, and returns its number. One that comes after the call
/// counts, although nobody awaits it yet.
#[cfg(unix)]
pub(crate) fn ended() -> impl Future<Output = u8> {
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::quit(),
    ];
    let signals = Signals::listen(&kinds);
    async move {
        match signals {
            Ok(mut signals) => {
                u8::try_from(signals.next().await.as_raw_value()).unwrap_or_default()
            }
            Err(_) => std::future::pending().await,
        }
    }
}

/// Waits for Ctrl-C, and returns the number that it has elsewhere.
#[cfg(not(unix))]
pub(crate) async fn ended() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 2,
        Err(_) => std::future::pending().await,
    }
}

/// Signals that are listened to. Those that this program was started to ignore, as `nohup` has it
/// for `SIGHUP`, stay ignored: by this program and by those that it runs.
#[cfg(unix)]
pub(crate) struct Signals(Vec<(SignalKind, Signal)>);

#[cfg(unix)]
impl Signals {
    pub(crate) fn listen(kinds: &[SignalKind]) -> io::Result<Self> {
        let wanted = kinds.iter().filter(|kind| !is_ignored(**kind));
        let listening = wanted.map(|kind| signal(*kind).map(|stream| (*kind, stream)));
        listening.collect::<io::Result<_>>().map(Self)
    }

    /// Waits for the next one.
    pub(crate) async fn next(&mut self) -> SignalKind {
        std::future::poll_fn(|context| {
            for (kind, stream) in &mut self.0 {
                if stream.poll_recv(context).is_ready() {
                    return Poll::Ready(*kind);
                }
            }
            Poll::Pending
        })
        .await
    }
}

#[cfg(unix)]
fn is_ignored(kind: SignalKind) -> bool {
    // Read before the first signal is listened to, which is not ignored from then on.
    static IGNORED: OnceLock<u64> = OnceLock::new();
    let number = u32::try_from(kind.as_raw_value()).unwrap_or_default();
    let bit = 1u64
        .checked_shl(number.saturating_sub(1))
        .unwrap_or_default();
    IGNORED.get_or_init(ignored) & bit != 0
}

#[cfg(target_os = "linux")]
fn ignored() -> u64 {
    let status = procfs::process::Process::myself().and_then(|own| own.status());
    status.map_or(0, |status| status.sigign)
}

/// Elsewhere nothing tells without unsafe code.
#[cfg(all(unix, not(target_os = "linux")))]
fn ignored() -> u64 {
    0
}

#[cfg(all(test, unix))]
mod tests {
    use rustix::process::{Signal, getpid, kill_process};

    use vendor_auth::oauth2::OAuth2;

    use super::*;
    use crate::http;

    #[tokio::test]
    async fn a_signal_counts_before_it_is_awaited() {
        let ended = ended();
        kill_process(getpid(), Signal::TERM).unwrap();
        assert_eq!(ended.await, 15);
    }

    #[tokio::test]
    async fn what_begins_after_a_signal_is_interrupted_too() {
        let endpoint = OAuth2::token_url("https://id.example.com/token")
            .client_id("demo")
            .account("ada");
        let cache = TokenCache::builder(endpoint.build().unwrap());
        let tokens = cache.http_client(http::offline()).build().unwrap();
        let never = interruptible(&tokens, std::future::pending::<Result<(), Failure>>());
        let (first, ()) = tokio::join!(never, async {
            kill_process(getpid(), Signal::TERM).unwrap();
        });
        assert_eq!(first.unwrap_err().code(), 143);
        let late = interruptible(&tokens, std::future::ready(Ok(())));
        assert_eq!(late.await.unwrap_err().code(), 143);
    }
}
