//! OAuth 2.0: an authorization code with PKCE, redeemed once, and a single-use refresh token.

use anyhow::Result;
use token_core::Secret;
use token_sim::Simulation;
use vendor_auth::oauth2::{OAuth2, Pkce, State};

use super::base::CALLBACK;
use super::{Base, Ending, Setup, Vendor};

pub(super) async fn create(base: Base) -> Result<Setup> {
    let secret = base.secret("OAs-6Tb1gYn8CrL3xP");
    let sim = token_sim::OAuth2Server::builder()
        .client("demo-client", secret)
        .clock(base.sim_clock())
        .start()
        .await?;
    let endpoint = OAuth2::bamboocloud(sim.base_url())
        .client_id("demo-client")
        .client_secret(secret)
        .account("ada")
        .allow_plain_http()
        .build()?;
    let state = State::from(Secret::from(base.secret("state-of-adas-session")));
    let verifier = base.secret("verifier-of-adas-session-0123456789-abcdefg");
    let pkce = Pkce::from_verifier(Secret::from(verifier))?;
    let url = endpoint.authorize_url(CALLBACK, &state).pkce(&pkce).build();
    let redirect = base.redirected_from(&url).await?;
    let code = endpoint.read_redirect(&redirect, &state)?;
    let redemption = endpoint.redeem_code(&code, CALLBACK, Some(&pkce));
    base.build(sim, endpoint, Some(redemption), Ending::LogInAgain)
}

impl Vendor for token_sim::OAuth2Server {
    fn simulation(&self) -> &Simulation {
        self
    }

    fn revoke_access_token(&self) {
        token_sim::OAuth2Server::revoke_access_token(self);
    }

    fn end_grant(&self) {
        self.revoke_grant();
    }
}
