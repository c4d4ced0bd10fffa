use std::future::{pending, poll_fn};

use tokio::runtime::Builder;
use tokio::sync::oneshot;

use super::*;

/// A flight that ends when it is told, and what tells whether it has ended.
struct Flight {
    work: Work,
    end: oneshot::Sender<()>,
    ended: oneshot::Receiver<()>,
}

fn flight() -> Flight {
    let (end, told) = oneshot::channel();
    let (tell, ended) = oneshot::channel();
    let work = Box::pin(async move {
        _ = told.await;
        _ = tell.send(());
    });
    Flight { work, end, ended }
}

fn watched() -> Arc<Watch> {
    let watch = Arc::<Watch>::default();
    let watching = watch.clone();
    tokio::spawn(async move { watching.run().await });
    watch
}

async fn in_a_task(test: impl Future<Output = ()> + Send + 'static) {
    tokio::spawn(test).await.unwrap();
}

fn begin(watch: &Watch, work: Work) -> CallerFlight {
    watch.begin(Handle::current(), work).ok().unwrap()
}

fn poll_once(flight: &CallerFlight) {
    _ = flight.poll(&mut Context::from_waker(Waker::noop()));
}

#[tokio::test(start_paused = true)]
async fn its_caller_polls_it_to_its_end() {
    in_a_task(async {
        let (watch, mut flight) = (watched(), flight());
        let polled = begin(&watch, flight.work);
        let tasks = Handle::current().metrics().num_alive_tasks();
        flight.end.send(()).unwrap();
        poll_fn(|context| {
            _ = polled.poll(context);
            Pin::new(&mut flight.ended).poll(context)
        })
        .await
        .unwrap();
        assert_eq!(Handle::current().metrics().num_alive_tasks(), tasks);
        assert!(polled.0.state.lock().unwrap().work.is_none());
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_is_no_longer_polled_does_not_hold_it_up() {
    in_a_task(async {
        let (watch, flight) = (watched(), flight());
        let begun = Instant::now();
        let polled = begin(&watch, flight.work);
        poll_once(&polled);
        flight.end.send(()).unwrap();
        flight.ended.await.unwrap();
        assert!(begun.elapsed() <= WITH_CALLER + BETWEEN_LOOKS * 2);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn it_goes_on_without_its_caller() {
    in_a_task(async {
        let (watch, flight) = (watched(), flight());
        let polled = begin(&watch, flight.work);
        poll_once(&polled);
        drop(polled);
        flight.end.send(()).unwrap();
        let begun = Instant::now();
        flight.ended.await.unwrap();
        assert!(begun.elapsed() < WITH_CALLER);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn it_is_begun_although_its_caller_is_never_polled_again() {
    in_a_task(async {
        let (watch, flight) = (watched(), flight());
        drop(begin(&watch, flight.work));
        flight.end.send(()).unwrap();
        flight.ended.await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn elsewhere_it_becomes_a_task_of_its_own_runtime() {
    in_a_task(async {
        let (watch, flight) = (watched(), flight());
        let polled = begin(&watch, flight.work);
        let elsewhere = std::thread::spawn(move || {
            poll_once(&polled);
            let other = Builder::new_current_thread().build().unwrap();
            other.block_on(async { poll_once(&polled) });
            polled
        });
        let polled = elsewhere.join().unwrap();
        assert!(polled.0.state.lock().unwrap().work.is_none());
        flight.end.send(()).unwrap();
        flight.ended.await.unwrap();
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn its_panic_is_not_its_callers() {
    in_a_task(async {
        let (watch, held) = (watched(), Arc::new(()));
        let inside = held.clone();
        let polled = begin(
            &watch,
            Box::pin(async move {
                let _inside = inside;
                panic!("an endpoint panics");
            }),
        );
        poll_once(&polled);
        assert_eq!(Arc::strong_count(&held), 1, "it is dropped");
        poll_once(&polled);
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn without_flights_nothing_is_looked_at() {
    in_a_task(async {
        let watch = watched();
        drop(begin(&watch, Box::pin(async {})));
        tokio::time::sleep(BETWEEN_LOOKS * 2).await;
        assert!(!watch.lock().is_watched);
        assert!(watch.lock().queue.is_empty());
        // It is woken again.
        let polled = begin(&watch, Box::pin(pending()));
        tokio::time::sleep(WITH_CALLER * 2).await;
        assert!(
            polled.0.state.lock().unwrap().work.is_none(),
            "it is a task"
        );
    })
    .await;
}

#[tokio::test]
async fn where_many_wait_some_flights_are_tasks_from_the_start() {
    in_a_task(async {
        let watch = watched();
        let one_more = || watch.begin(Handle::current(), Box::pin(pending()));
        let polled: Vec<_> = (0..MOST).map(|_| one_more().ok().unwrap()).collect();
        assert!(one_more().is_err());
        assert!(one_more().is_err());
        drop(polled);
        assert!(one_more().is_ok());
    })
    .await;
}
