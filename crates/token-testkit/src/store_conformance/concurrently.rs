//! Runs futures concurrently or with a timeout, on any runtime.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

/// Runs all futures concurrently and returns their outputs in order. Each is polled only when it
/// was woken itself, so that the others do not help one that does not register its waker.
pub(super) async fn all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut running: Vec<_> = futures.into_iter().map(Running::new).collect();
    poll_fn(|context| {
        let pending = running
            .iter_mut()
            .filter_map(|one| one.poll(context))
            .count();
        match pending {
            0 => Poll::Ready(()),
            _ => Poll::Pending,
        }
    })
    .await;
    running.into_iter().filter_map(|one| one.output).collect()
}

struct Running<F: Future> {
    future: Pin<Box<F>>,
    output: Option<F::Output>,
    bell: Arc<Bell>,
}

impl<F: Future> Running<F> {
    fn new(future: F) -> Self {
        let bell = Bell {
            rung: AtomicBool::new(true),
            whole: Mutex::new(Waker::noop().clone()),
        };
        Self {
            future: Box::pin(future),
            output: None,
            bell: Arc::new(bell),
        }
    }

    /// Returns `Some` while the future is pending.
    fn poll(&mut self, context: &Context<'_>) -> Option<()> {
        if self.output.is_some() {
            return None;
        }
        self.bell.connect(context.waker());
        if self.bell.rung.swap(false, Ordering::SeqCst) {
            let waker = Waker::from(Arc::clone(&self.bell));
            if let Poll::Ready(output) = self.future.as_mut().poll(&mut Context::from_waker(&waker))
            {
                self.output = Some(output);
                return None;
            }
        }
        Some(())
    }
}

/// Marks one future as woken, and wakes the task.
struct Bell {
    rung: AtomicBool,
    whole: Mutex<Waker>,
}

impl Bell {
    fn connect(&self, waker: &Waker) {
        self.whole
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(waker);
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.rung.store(true, Ordering::SeqCst);
        let whole = self
            .whole
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        whole.wake();
    }
}

/// Lets the other futures that run beside this one be polled once.
pub(super) async fn yielded() {
    let mut has_yielded = false;
    poll_fn(|context| {
        if has_yielded {
            return Poll::Ready(());
        }
        has_yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

/// Runs both concurrently.
pub(super) async fn both<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Option<(A, B)> {
    let (mut one, mut other) = (None, None);
    let first = async { one = Some(first.await) };
    let second = async { other = Some(second.await) };
    let halves: [Pin<Box<dyn Future<Output = ()> + '_>>; 2] = [Box::pin(first), Box::pin(second)];
    all(halves).await;
    one.zip(other)
}

/// Returns the output of the future, or `None` after a timeout by the machine's clock.
pub(super) async fn within<T>(patience: Duration, future: impl Future<Output = T>) -> Option<T> {
    let mut timer = pin!(Timer::start(patience));
    let mut future = pin!(future);
    poll_fn(|context| match timer.as_mut().poll(context) {
        Poll::Ready(()) => Poll::Ready(None),
        Poll::Pending => future.as_mut().poll(context).map(Some),
    })
    .await
}

/// A timer that needs no runtime: a thread waits, and ends when the timer is dropped.
pub(super) struct Timer {
    state: Arc<Mutex<State>>,
    _stops_the_thread: Sender<()>,
}

#[derive(Default)]
struct State {
    over: bool,
    waker: Option<Waker>,
}

impl Timer {
    pub(super) fn start(span: Duration) -> Self {
        let state = Arc::<Mutex<State>>::default();
        let (stop, stopped) = channel();
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            if stopped.recv_timeout(span) == Err(RecvTimeoutError::Timeout) {
                ring(&shared);
            }
        });
        Self {
            state,
            _stops_the_thread: stop,
        }
    }
}

fn ring(state: &Mutex<State>) {
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    state.over = true;
    if let Some(waker) = state.waker.take() {
        waker.wake();
    }
}

impl Future for Timer {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.over {
            return Poll::Ready(());
        }
        state.waker = Some(context.waker().clone());
        Poll::Pending
    }
}
