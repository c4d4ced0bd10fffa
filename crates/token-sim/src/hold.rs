//! Exchanges that wait until the test releases them.

use std::fmt;
use std::sync::{Arc, Mutex};

use tokio::sync::watch;

use crate::clock::Locked as _;
use crate::fault::When;
use crate::journal::Kind;

/// A hold on exchanges; dropping it releases them.
///
/// ```no_run
/// # async fn example(sim: token_sim::OAuth2Server) {
/// use token_sim::When;
///
/// let hold = sim.hold_next(When::AfterActing);
/// // … start callers, who all wait for the one exchange …
/// hold.caught(1).await;
/// assert_eq!(sim.undelivered_issued(), 1);
/// hold.release();
/// # }
/// ```
#[must_use = "dropping a hold releases it at once"]
pub struct Hold {
    gate: Arc<Gate>,
}

impl Hold {
    /// Waits until `n` exchanges have been caught, including those that have ended since.
    pub async fn caught(&self, n: usize) {
        let mut caught = self.gate.caught.subscribe();
        // `self` owns the sender.
        let _ = caught.wait_for(|caught| *caught >= n).await;
    }

    /// Returns how many exchanges have been caught so far.
    pub fn caught_count(&self) -> usize {
        *self.gate.caught.borrow()
    }

    /// Releases all caught exchanges and catches no more.
    pub fn release(self) {}
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.gate.open.send_replace(true);
    }
}

impl fmt::Debug for Hold {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hold")
            .field("caught", &self.caught_count())
            .finish_non_exhaustive()
    }
}

/// The holds that are in place.
#[derive(Default)]
pub(crate) struct Gates(Mutex<Vec<Arc<Gate>>>);

impl Gates {
    /// Holds the next `limit` exchanges, or all.
    pub(crate) fn set(&self, when: When, limit: Option<usize>) -> Hold {
        let (open, _) = watch::channel(false);
        let (caught, _) = watch::channel(0);
        let gate = Arc::new(Gate {
            when,
            left: Mutex::new(limit),
            open,
            caught,
        });
        self.0.locked().push(Arc::clone(&gate));
        Hold { gate }
    }

    /// Waits for the first hold at this point, if there is one.
    pub(crate) async fn pass(&self, kind: Kind, when: When) {
        if !kind.is_exchange() {
            return;
        }
        let Some(gate) = self.first_closed(when) else {
            return;
        };
        let mut open = gate.open.subscribe();
        gate.caught.send_modify(|caught| *caught += 1);
        // `gate` owns the sender.
        let _ = open.wait_for(|open| *open).await;
    }

    fn first_closed(&self, when: When) -> Option<Arc<Gate>> {
        let mut gates = self.0.locked();
        gates.retain(|gate| !*gate.open.borrow());
        gates
            .iter()
            .find(|gate| gate.when == when && gate.takes_one())
            .map(Arc::clone)
    }
}

pub(crate) struct Gate {
    when: When,
    left: Mutex<Option<usize>>,
    open: watch::Sender<bool>,
    caught: watch::Sender<usize>,
}

impl Gate {
    fn takes_one(&self) -> bool {
        let mut left = self.left.locked();
        match *left {
            None => true,
            Some(0) => false,
            Some(n) => {
                *left = Some(n - 1);
                true
            }
        }
    }
}
