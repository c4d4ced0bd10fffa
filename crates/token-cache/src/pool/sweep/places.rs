//! How many tokens that the sweep has found wait for their turn, at each deployment.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::pool::accounts::DeploymentHash;

/// How many wait at most at one deployment.
const WAITING: usize = 256;
/// If none gets its turn within this time, the deployment is passed over until the next sweep.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

#[derive(Default)]
pub(super) struct Places {
    of: HashMap<DeploymentHash, Arc<Semaphore>>,
    /// The deployments that this sweep passes over.
    passed_over: HashSet<DeploymentHash>,
}

impl Places {
    pub(super) fn begin_sweep(&mut self) {
        self.passed_over.clear();
        // Those that nobody waits at are made again.
        self.of
            .retain(|_, places| places.available_permits() < WAITING);
    }

    /// Takes a place at this deployment, and waits for it if need be; `None` if the deployment is
    /// passed over.
    pub(super) async fn take(
        &mut self,
        deployment: DeploymentHash,
    ) -> Option<OwnedSemaphorePermit> {
        if self.passed_over.contains(&deployment) {
            return None;
        }
        let places = self.of.entry(deployment);
        let places = places.or_insert_with(|| Arc::new(Semaphore::new(WAITING)));
        let taken = timeout(LONGEST_WAIT, places.clone().acquire_owned()).await;
        let Ok(Ok(place)) = taken else {
            self.passed_over.insert(deployment);
            return None;
        };
        Some(place)
    }
}
