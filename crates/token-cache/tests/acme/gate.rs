//! Holds an operation until the test lets it go on.

use std::sync::Arc;

use tokio::sync::Semaphore;

#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Sides>);

#[derive(Debug)]
struct Sides {
    came: Semaphore,
    open: Semaphore,
}

impl Gate {
    pub(crate) fn closed() -> Self {
        Self(Arc::new(Sides {
            came: Semaphore::new(0),
            open: Semaphore::new(0),
        }))
    }

    /// Waits until an operation has reached the gate.
    pub(crate) async fn reached(&self) {
        self.0.came.acquire().await.unwrap().forget();
    }

    /// Lets all operations go on, now and later.
    pub(crate) fn open(&self) {
        self.0.open.add_permits(1);
    }

    pub(crate) async fn wait(&self) {
        self.0.came.add_permits(1);
        drop(self.0.open.acquire().await.unwrap());
    }
}
