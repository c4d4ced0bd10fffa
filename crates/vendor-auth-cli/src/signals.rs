//! What happens if a person or a supervisor ends the program.

use std::future::Future;
#[cfg(unix)]
use std::io;
#[cfg(unix)]
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

/// Runs something that a signal may end. An exchange that is under way is completed first: its
/// refresh token would be lost.
pub(crate) async fn interruptible<T>(
    tokens: &TokenCache,
    work: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    tokio::select! {
        biased; // The signals are listened to before the work begins.
        signal = ended() => {
            let _settled = tokens.drain(GRACE).await;
            Err(Failure::interrupted(signal))
        }
        outcome = work => outcome,
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

    use super::*;

    #[tokio::test]
    async fn a_signal_counts_before_it_is_awaited() {
        let ended = ended();
        kill_process(getpid(), Signal::TERM).unwrap();
        assert_eq!(ended.await, 15);
    }
}
