//! The runtime of exchanges and store operations, whatever runtime their callers have.
//!
//! A caller may have none, or one that ends while an exchange is under way. The vendor has rotated
//! by then, so the exchange must go on. Tokio's tasks end with their runtime, hence one of our own
//! that never ends.

mod caller_flight;
mod given;

use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use token_core::{Error, ErrorKind};
use tokio::runtime::{Builder, Handle};
use tokio::task::JoinHandle;

pub(crate) use self::caller_flight::{CallerFlight, Work};
use self::given::{Given, elapsed};
use crate::refresh::exchange::broke_off;

/// A few token requests at a time need no more threads.
const MOST_THREADS: usize = 4;

/// The runtime that the tasks of a cache run on.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tasks {
    given: Option<Arc<Given>>,
}

impl Tasks {
    /// Returns one that uses this runtime while it lives.
    pub(crate) fn on(handle: Handle) -> Self {
        Self {
            given: Some(Given::of(handle)),
        }
    }

    /// Returns the runtime that was given, whether or not it has shut down.
    #[cfg(feature = "blocking")]
    pub(crate) fn given(&self) -> Option<&Handle> {
        self.given.as_ref().map(|given| given.handle())
    }

    /// Starts a task that no caller can cancel.
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> Result<JoinHandle<T>, Error> {
        Ok(self.handle()?.spawn(task))
    }

    /// Starts a flight that no caller can cancel. Its caller polls it if that is a task of the given
    /// runtime; else it is a task.
    pub(crate) fn start(&self, flight: Work) -> Result<Option<CallerFlight>, Error> {
        let living = self.living();
        let flight = match living {
            Some(given) => given.begin_with_caller(flight),
            None => Err(flight),
        };
        match flight {
            Ok(with_caller) => Ok(Some(with_caller)),
            Err(flight) => {
                drop(handle_of(living)?.spawn(flight));
                Ok(None)
            }
        }
    }

    /// Runs a task that no caller can cancel, and waits for its outcome.
    ///
    /// # Errors
    ///
    /// The task's own, or that its runtime shut down first.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        task: impl Future<Output = Result<T, Error>> + Send + 'static,
    ) -> Result<T, Error> {
        let task = self.spawn(task)?;
        task.await.unwrap_or_else(|_| Err(broke_off()))
    }

    /// Awaits a future for at most `within`; `None` if it was not ready by then. Any executor can
    /// poll it, because the timer is one of our runtime. A large future is pinned where it is, and
    /// passed as a reference: one that is moved in is held twice.
    pub(crate) async fn timeout<F: Future>(
        &self,
        within: Duration,
        future: F,
    ) -> Result<Option<F::Output>, Error> {
        let mut future = pin!(future);
        // The timer is made when it is first polled: what is ready at once needs none.
        tokio::select! {
            biased;
            output = &mut future => Ok(Some(output)),
            elapsed = self.elapses(within) => elapsed.map(|()| None),
        }
    }

    /// Sleeps, on the runtime of the process if the given one shuts down.
    async fn elapses(&self, within: Duration) -> Result<(), Error> {
        loop {
            let handle = self.handle()?;
            // That of the process never shuts down.
            let given = self.given.as_deref();
            let given = given.filter(|given| given.handle().id() == handle.id());
            if elapsed(&handle, given, within).await.is_ok() {
                return Ok(());
            }
        }
    }

    /// Returns the given runtime, or that of the process if the given one has shut down.
    fn handle(&self) -> Result<Handle, Error> {
        handle_of(self.living())
    }

    /// Returns the given runtime, unless it has shut down.
    fn living(&self) -> Option<&Given> {
        self.given.as_deref().filter(|given| given.is_alive())
    }
}

/// Returns this runtime, or that of the process.
fn handle_of(living: Option<&Given>) -> Result<Handle, Error> {
    living.map_or_else(of_the_process, |given| Ok(given.handle().clone()))
}

/// Whether the runtime has timers, which this crate needs: without them they panic.
pub(crate) fn has_timers(handle: &Handle) -> bool {
    let making = AssertUnwindSafe(|| {
        let _inside = handle.enter();
        drop(tokio::time::sleep(Duration::ZERO));
    });
    catch_unwind(making).is_ok()
}

/// The runtime of this process, with the process id: a forked child has none of its parent's
/// threads.
static OF_THE_PROCESS: Mutex<Option<(u32, Handle)>> = Mutex::new(None);

fn of_the_process() -> Result<Handle, Error> {
    let process = crate::process::id();
    let mut runtime = OF_THE_PROCESS
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if let Some((owner, handle)) = &*runtime
        && *owner == process
    {
        return Ok(handle.clone());
    }
    let handle = start()?;
    *runtime = Some((process, handle.clone()));
    Ok(handle)
}

/// Never shut down: the last rotation may be on its way to the store when the program's own runtime
/// is gone.
fn start() -> Result<Handle, Error> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    let built = Builder::new_multi_thread()
        .worker_threads(threads.min(MOST_THREADS))
        .thread_name("vendor-auth")
        .enable_all()
        .build();
    let runtime = built.map_err(|_| {
        Error::new(
            ErrorKind::Transient { after: None },
            "the runtime for token exchanges could not be started: too many threads or open files",
        )
    })?;
    Ok(Box::leak(Box::new(runtime)).handle().clone())
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;
    use std::task::Poll;

    use tokio::runtime::Runtime;
    use tokio::task::coop;

    use super::*;

    #[test]
    fn a_runtime_that_has_shut_down_is_replaced_by_that_of_the_process() {
        let tasks =
            [Builder::new_current_thread(), Builder::new_multi_thread()].map(|mut builder| {
                let ended = builder.enable_all().build().unwrap();
                let tasks = Tasks::on(ended.handle().clone());
                assert!(tasks.given.as_ref().unwrap().is_alive());
                drop(ended);
                tasks
            });
        for tasks in tasks {
            let name = tasks
                .spawn(async { std::thread::current().name().map(str::to_owned) })
                .unwrap();
            let other = Builder::new_current_thread().build().unwrap();
            assert_eq!(
                other.block_on(name).unwrap().as_deref(),
                Some("vendor-auth")
            );
        }
    }

    #[test]
    fn a_waiting_caller_does_not_wait_for_the_last_thread_of_its_runtime() {
        let given = Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        let tasks = Tasks::on(given.handle().clone());
        let (release, held) = std::sync::mpsc::channel::<()>();
        let (begun, blocked) = std::sync::mpsc::channel();
        let other = Builder::new_current_thread().build().unwrap();
        let within = Duration::from_millis(50);
        let waited = other.block_on(async {
            let waiting = tasks.timeout(within, std::future::pending::<()>());
            let mut waiting = pin!(waiting);
            let poll = poll_fn(|context| Poll::Ready(waiting.as_mut().poll(context)));
            assert!(poll.await.is_pending());
            given.spawn(async move {
                _ = begun.send(());
                _ = held.recv();
            });
            blocked.recv().unwrap();
            given.shutdown_background();
            waiting.await
        });
        assert!(matches!(waited, Ok(None)));
        drop(release);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_whose_task_has_used_its_budget_up_does_not_wait_for_ever() {
        let tasks = Tasks::on(Handle::current());
        let within = Duration::from_secs(5);
        let busy = poll_fn(|context| {
            while coop::has_budget_remaining() {
                _ = pin!(coop::consume_budget()).poll(context);
            }
            Poll::<()>::Pending
        });
        let waiting = tokio::spawn(async move { tasks.timeout(within, busy).await });
        let waited = tokio::time::timeout(within * 2, waiting).await;
        assert!(matches!(waited.unwrap().unwrap(), Ok(None)));
    }

    #[test]
    fn caches_of_one_given_runtime_share_what_watches_it() {
        let given = Builder::new_current_thread().enable_all().build().unwrap();
        let other = Builder::new_current_thread().enable_all().build().unwrap();
        let of = |runtime: &Runtime| Tasks::on(runtime.handle().clone()).given.unwrap();
        let (first, second) = (of(&given), of(&given));
        assert!(Arc::ptr_eq(&first, &second));
        assert_eq!(given.metrics().num_alive_tasks(), 1);
        assert!(!Arc::ptr_eq(&first, &of(&other)));
    }

    #[test]
    fn asking_whether_a_runtime_lives_starts_no_task() {
        let given = Builder::new_current_thread().enable_all().build().unwrap();
        let tasks = Tasks::on(given.handle().clone());
        let before = given.metrics().num_alive_tasks();
        for _ in 0..10 {
            assert_eq!(tasks.handle().unwrap().id(), given.handle().id());
        }
        assert_eq!(given.metrics().num_alive_tasks(), before);
    }

    // FAULTS.md row 90
    #[test]
    fn a_runtime_without_timers_is_told_from_one_that_has_them() {
        let without = Builder::new_current_thread().build().unwrap();
        let with = Builder::new_current_thread().enable_time().build().unwrap();
        assert!(!has_timers(without.handle()));
        assert!(has_timers(with.handle()));
    }
}
