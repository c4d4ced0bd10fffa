//! A private file cloud: an authorization code, redeemed once.

use anyhow::Result;
use token_sim::Simulation;
use vendor_auth::privcloud::PrivateCloud;

use super::base::CALLBACK;
use super::{Base, Ending, Setup, Vendor};

pub(super) async fn create(base: Base) -> Result<Setup> {
    let secret = base.secret("PCs-2Xh7eJm4DqT9wB");
    let sim = token_sim::PrivateCloudServer::builder()
        .client("demo-client", secret)
        .clock(base.sim_clock())
        .start()
        .await?;
    let endpoint = PrivateCloud::builder(sim.base_url())
        .client_id("demo-client")
        .client_secret(secret)
        .account("ada")
        .allow_plain_http()
        .build()?;
    let data = base.secret("data-of-adas-session");
    let url = endpoint.authorize_url(CALLBACK, data)?;
    let redirect = base.redirected_from(&url).await?;
    let code = endpoint.read_redirect(&redirect, data)?;
    let redemption = endpoint.redeem_code(code, CALLBACK);
    base.build(sim, endpoint, Some(redemption), Ending::LogInAgain)
}

impl Vendor for token_sim::PrivateCloudServer {
    fn simulation(&self) -> &Simulation {
        self
    }

    fn revoke_access_token(&self) {
        token_sim::PrivateCloudServer::revoke_access_token(self);
    }

    fn end_grant(&self) {
        self.revoke_grant();
    }
}
