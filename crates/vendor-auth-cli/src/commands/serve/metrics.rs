//! The metrics of this process, as Prometheus reads them.

use std::time::Duration;

use metrics::gauge;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use vendor_auth::cache::PoolHealth;

use crate::failure::Failure;

/// In seconds: a token request takes from milliseconds to the deadline of an exchange.
const BUCKETS: [f64; 10] = [0.001, 0.005, 0.025, 0.1, 0.5, 1.0, 5.0, 10.0, 30.0, 120.0];
/// How often what was measured is summed up if nobody scrapes.
const UPKEEP: Duration = Duration::from_secs(30);

/// The recorder of this process.
#[derive(Clone)]
pub(super) struct Metrics(PrometheusHandle);

impl Metrics {
    /// Installs the recorder; what is built later is measured.
    pub(super) fn install() -> Result<Self, Failure> {
        let histograms = Matcher::Suffix("_seconds".to_owned());
        let installed = PrometheusBuilder::new()
            .set_buckets_for_metric(histograms, &BUCKETS)
            .and_then(PrometheusBuilder::install_recorder);
        installed
            .map(Self)
            .map_err(|error| Failure::store(format!("no metrics: {error}")))
    }

    /// Tells how a pool is now.
    pub(super) fn tell_of(name: &str, health: &PoolHealth) {
        let counts = [
            ("vendor_auth_pool_in_memory", health.in_memory),
            ("vendor_auth_pool_at_work", health.at_work),
            ("vendor_auth_pool_failing", health.failing),
            ("vendor_auth_pool_logins_needed", health.logins_needed),
        ];
        for (gauge, count) in counts {
            let count = u32::try_from(count).unwrap_or(u32::MAX);
            gauge!(gauge, "pool" => name.to_owned()).set(count);
        }
        let evicted =
            metrics::counter!("vendor_auth_pool_evicted_total", "pool" => name.to_owned());
        evicted.absolute(health.evicted);
    }

    pub(super) fn render(&self) -> String {
        self.0.render()
    }

    /// Sums up from time to time, so that what was measured takes no more space.
    pub(super) async fn keep(self) {
        loop {
            tokio::time::sleep(UPKEEP).await;
            self.0.run_upkeep();
        }
    }
}
