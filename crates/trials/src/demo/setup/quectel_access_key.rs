//! Quectel's SaaS API: a repeatable login, and an access token that is refreshed with itself.

use std::time::Duration;

use anyhow::Result;
use token_sim::{QuectelSaasServer, Simulation};
use vendor_auth::quectel::AccessKey;

use super::{Base, Ending, Setup, Vendor};

/// The shorter of the two lifetimes that the vendor's pages give.
const LIFE: Duration = Duration::from_secs(7200);

pub(super) async fn create(base: Base) -> Result<Setup> {
    let secret = base.secret("AKs-7Lw2pQx9VtR4mZ");
    let sim = QuectelSaasServer::builder()
        .access_key("demo-key", secret)
        .token_lifetime(LIFE)
        .clock(base.sim_clock())
        .start()
        .await?;
    let endpoint = AccessKey::builder(sim.base_url())
        .access_key("demo-key")
        .access_secret(secret)
        .allow_plain_http()
        .build()?;
    base.build(sim, endpoint, None, Ending::WrongCredentialsAndNoToken)
}

impl Vendor for QuectelSaasServer {
    fn simulation(&self) -> &Simulation {
        self
    }

    fn revoke_access_token(&self) {
        QuectelSaasServer::revoke_access_token(self);
    }

    fn end_grant(&self) {
        self.disable_account();
    }
}
