//! EnOS API management: one valid token per application, and signed API requests.

use anyhow::Result;
use token_sim::Simulation;
use vendor_auth::enos_apim::EnosApim;

use super::{Base, Ending, Setup, Vendor};

pub(super) async fn create(base: Base) -> Result<Setup> {
    let secret = base.secret("EAs-9Rf3cUz5GkN8vM");
    let sim = token_sim::EnosServer::builder()
        .app("demo-app", secret)
        .clock(base.sim_clock())
        .start()
        .await?;
    let endpoint = EnosApim::builder(sim.base_url())
        .app_key("demo-app")
        .app_secret(secret)
        .allow_plain_http()
        .build()?;
    base.build(sim, endpoint, None, Ending::WrongCredentials)
}

impl Vendor for token_sim::EnosServer {
    fn simulation(&self) -> &Simulation {
        self
    }

    fn revoke_access_token(&self) {
        token_sim::EnosServer::revoke_access_token(self);
    }

    fn end_grant(&self) {
        self.disable_account();
    }
}
