//! A limited number of connections, of which the idle ones give way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// The connections of one address.
#[derive(Clone)]
pub(super) struct Connections(Arc<Mutex<Open>>);

struct Open {
    limit: usize,
    next: u64,
    slots: HashMap<u64, Slot>,
}

struct Slot {
    /// Grows with each use, so that the smallest was idle longest.
    last_use: u64,
    is_busy: bool,
    /// Dropped in order to close the connection.
    _open: oneshot::Sender<()>,
}

/// The place of one connection, which is free once this is dropped.
pub(super) struct Place {
    connections: Connections,
    id: u64,
}

/// A request under way: its connection is not closed to make room.
pub(super) struct Busy {
    connections: Connections,
    id: u64,
}

/// Ends when a connection has to give way.
pub(super) type Closed = oneshot::Receiver<()>;

impl Connections {
    pub(super) fn at_most(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(Open {
            limit,
            next: 0,
            slots: HashMap::new(),
        })))
    }

    /// Makes room for one more, if need be by closing the one that was idle longest; `None` if all
    /// have a request under way.
    pub(super) fn enter(&self) -> Option<(Place, Closed)> {
        let mut open = self.lock();
        while open.slots.len() >= open.limit {
            let idle = open.slots.iter().filter(|(_, slot)| !slot.is_busy);
            let oldest = idle.min_by_key(|(_, slot)| slot.last_use);
            let oldest = oldest.map(|(id, _)| *id)?;
            open.slots.remove(&oldest);
        }
        let id = open.tick();
        let (sender, closed) = oneshot::channel();
        let slot = Slot {
            last_use: id,
            is_busy: false,
            _open: sender,
        };
        open.slots.insert(id, slot);
        let connections = self.clone();
        Some((Place { connections, id }, closed))
    }

    fn set_busy(&self, id: u64, is_busy: bool) {
        let mut open = self.lock();
        let now = open.tick();
        if let Some(slot) = open.slots.get_mut(&id) {
            slot.is_busy = is_busy;
            slot.last_use = now;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    fn tick(&mut self) -> u64 {
        self.next += 1;
        self.next
    }
}

impl Place {
    /// Begins a request.
    pub(super) fn busy(&self) -> Busy {
        self.connections.set_busy(self.id, true);
        Busy {
            connections: self.connections.clone(),
            id: self.id,
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().slots.remove(&self.id);
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.connections.set_busy(self.id, false);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_that_was_idle_longest_gives_way() {
        let connections = Connections::at_most(2);
        let (first, mut first_closed) = connections.enter().unwrap();
        let (_second, mut second_closed) = connections.enter().unwrap();
        drop(first.busy());
        let (_third, _) = connections.enter().unwrap();
        assert!(
            second_closed
                .try_recv()
                .is_err_and(|error| error == closed())
        );
        assert!(
            first_closed
                .try_recv()
                .is_err_and(|error| error != closed())
        );
    }

    #[test]
    fn a_request_under_way_does_not_give_way() {
        let connections = Connections::at_most(1);
        let (place, _closed) = connections.enter().unwrap();
        let busy = place.busy();
        assert!(connections.enter().is_none());
        drop(busy);
        assert!(connections.enter().is_some());
    }

    #[test]
    fn a_place_is_free_once_its_connection_ends() {
        let connections = Connections::at_most(1);
        drop(connections.enter());
        assert!(connections.lock().slots.is_empty());
    }

    fn closed() -> oneshot::error::TryRecvError {
        oneshot::error::TryRecvError::Closed
    }
}
