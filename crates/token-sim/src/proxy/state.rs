//! The state that the connections of one proxy share.

use std::net::SocketAddr;
use std::sync::atomic::AtomicUsize;

use crate::answer::Answer;
use crate::call::Call;
use crate::clock::SimClock;
use crate::fault::queue::FaultQueue;
use crate::hold::Gates;
use crate::journal::{Journal, Kind};
#[cfg(feature = "tls")]
use crate::tls::Tls;

/// The header that carries the number of a request's journal entry to the upstream server.
pub(crate) const ENTRY: &str = "x-token-sim-entry";

/// The state that the connections of one proxy share.
pub(super) struct ProxyState {
    pub(super) upstream: SocketAddr,
    pub(super) journal: Journal,
    pub(super) date: Option<SimClock>,
    pub(super) faults: FaultQueue,
    pub(super) gates: Gates,
    pub(super) connections: AtomicUsize,
    pub(super) classify: Box<dyn Fn(&Call) -> Kind + Send + Sync>,
    pub(super) refusal: Box<dyn Fn(&str) -> Answer + Send + Sync>,
    #[cfg(feature = "tls")]
    pub(super) tls: Option<Tls>,
}
