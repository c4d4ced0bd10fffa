//! Quectel's app API: a password that is sent once, and a pair of rotating tokens.

use anyhow::Result;
use token_sim::{QuectelEndUserServer, Simulation};
use vendor_auth::quectel::EndUser;

use super::{Base, Ending, Setup, Vendor};

const EMAIL: &str = "ada@example.com";

pub(super) async fn create(base: Base) -> Result<Setup> {
    let password = base.secret("Engine-No.1-of-1842");
    let domain_secret = base.secret("EUs-4Kd8nBy2HsW6jF");
    let sim = QuectelEndUserServer::builder()
        .user(EMAIL, "13800000000", password)
        .user_domain("E.DM.1", domain_secret)
        .clock(base.sim_clock())
        .start()
        .await?;
    let endpoint = EndUser::builder(sim.base_url())
        .account("ada")
        .user_domain("E.DM.1", domain_secret)
        .allow_plain_http()
        .build()?;
    let redemption = endpoint.email_password(EMAIL, password);
    base.build(sim, endpoint, Some(redemption), Ending::LogInAgain)
}

impl Vendor for QuectelEndUserServer {
    fn simulation(&self) -> &Simulation {
        self
    }

    fn revoke_access_token(&self) {
        QuectelEndUserServer::revoke_access_token(self);
    }

    fn end_grant(&self) {
        self.revoke_grant();
    }
}
