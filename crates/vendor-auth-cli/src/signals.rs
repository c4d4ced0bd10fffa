//! What happens if a person or a supervisor ends the program.

use std::future::Future;
use std::time::Duration;

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

/// Waits for a signal that ends programs, and returns its number.
#[cfg(unix)]
pub(crate) async fn ended() -> u8 {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind: SignalKind| signal(kind).map(|signal| (signal, kind.as_raw_value()));
    let kinds = [
        SignalKind::interrupt(),
        SignalKind::terminate(),
        SignalKind::hangup(),
    ];
    let [Ok(mut interrupt), Ok(mut terminate), Ok(mut hangup)] = kinds.map(listen) else {
        return std::future::pending().await;
    };
    let number = tokio::select! {
        _ = interrupt.0.recv() => interrupt.1,
        _ = terminate.0.recv() => terminate.1,
        _ = hangup.0.recv() => hangup.1,
    };
    u8::try_from(number).unwrap_or_default()
}

/// Waits for Ctrl-C, and returns the number that it has elsewhere.
#[cfg(not(unix))]
pub(crate) async fn ended() -> u8 {
    match tokio::signal::ctrl_c().await {
        Ok(()) => 2,
        Err(_) => std::future::pending().await,
    }
}
