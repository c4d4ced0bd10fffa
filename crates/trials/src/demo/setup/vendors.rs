//! The five vendors: how each is simulated, and the endpoint that talks to it.

use std::time::Duration;

use anyhow::Result;
use token_core::Secret;
use token_sim::{
    EnosServer, OAuth2Server, PrivateCloudServer, QuectelEndUserServer, QuectelSaasServer,
    Simulation,
};
use vendor_auth::enos_apim::EnosApim;
use vendor_auth::oauth2::{OAuth2, Pkce, State};
use vendor_auth::privcloud::PrivateCloud;
use vendor_auth::quectel::{AccessKey, EndUser};

use super::base::{Base, CALLBACK};
use super::{Ending, Setup, Vendor};

/// The shorter of the two lifetimes that Quectel's pages give.
const LIFE: Duration = Duration::from_secs(7200);
const EMAIL: &str = "ada@example.com";

/// Quectel's SaaS API: a repeatable login, and an access token that is refreshed with itself.
pub(super) async fn quectel_access_key(base: Base) -> Result<Setup> {
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

/// Quectel's app API: a password that is sent once, and a pair of rotating tokens.
pub(super) async fn quectel_end_user(base: Base) -> Result<Setup> {
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

/// EnOS API management: one valid token per application, and signed API requests.
pub(super) async fn enos_apim(base: Base) -> Result<Setup> {
    let secret = base.secret("EAs-9Rf3cUz5GkN8vM");
    let sim = EnosServer::builder()
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

/// A private file cloud: an authorization code, redeemed once.
pub(super) async fn private_cloud(base: Base) -> Result<Setup> {
    let secret = base.secret("PCs-2Xh7eJm4DqT9wB");
    let sim = PrivateCloudServer::builder()
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

/// OAuth 2.0: an authorization code with PKCE, redeemed once, and a single-use refresh token.
pub(super) async fn oauth2(base: Base) -> Result<Setup> {
    let secret = base.secret("OAs-6Tb1gYn8CrL3xP");
    let sim = OAuth2Server::builder()
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

/// Implements [`Vendor`] for servers. They are one generic type, but its bound is not public.
macro_rules! vendors {
    ($($server:ident)+) => {$(
        impl Vendor for $server {
            fn simulation(&self) -> &Simulation {
                self
            }

            fn revoke_access_token(&self) {
                $server::revoke_access_token(self);
            }

            fn end_grant(&self, ending: Ending) {
                match ending {
                    Ending::LogInAgain => self.revoke_grant(),
                    _ => self.disable_account(),
                }
            }
        }
    )+};
}

vendors!(QuectelSaasServer QuectelEndUserServer EnosServer PrivateCloudServer OAuth2Server);
