//! The five simulated vendors.

use std::io;
use std::sync::Mutex;
use std::time::Duration;

use token_sim::{
    EnosServer, OAuth2Server, PrivateCloudServer, QuectelEndUserServer, QuectelSaasServer,
    Simulation,
};

use super::asked::Active;
use super::profiles;
use crate::failure::Failure;

/// The ports that are tried first, so that URLs stay the same.
const PORT_BASE: u16 = 8470;

/// What the vendors are like.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) port_base: Option<u16>,
    pub(super) token_lifetime: Duration,
}

/// A running vendor.
pub(super) struct Simulated {
    pub(super) name: &'static str,
    pub(super) profiles: &'static [&'static str],
    pub(super) server: Box<dyn Vendor>,
    /// The profiles' part of the configuration, and their secrets.
    pub(super) profile: profiles::Written,
    pub(super) active: Mutex<Active>,
}

/// What `sim` does to a server of any vendor.
pub(super) trait Vendor: Send + Sync {
    /// Returns address, clock, journal and faults.
    fn simulation(&self) -> &Simulation;
    /// Revokes the access tokens.
    fn revoke_access_token(&self);
    /// Revokes the refresh tokens.
    fn revoke_grant(&self);
    /// Disables or enables the account.
    fn set_disabled(&self, is_disabled: bool);
}

macro_rules! vendors {
    ($($server:ty),*) => {$(
        impl Vendor for $server {
            fn simulation(&self) -> &Simulation {
                self
            }

            fn revoke_access_token(&self) {
                self.revoke_access_token();
            }

            fn revoke_grant(&self) {
                self.revoke_grant();
            }

            fn set_disabled(&self, is_disabled: bool) {
                match is_disabled {
                    true => self.disable_account(),
                    false => self.enable_account(),
                }
            }
        }
    )*};
}

vendors!(
    OAuth2Server,
    QuectelSaasServer,
    QuectelEndUserServer,
    EnosServer,
    PrivateCloudServer
);

/// Starts all of them.
pub(super) async fn start(settings: Settings) -> Result<Vec<Simulated>, Failure> {
    let base = settings.port_base.unwrap_or(PORT_BASE);
    let lifetime = settings.token_lifetime;
    if base == 0 {
        return start_at(|_| 0, lifetime).await.map_err(|it| failure(&it));
    }
    match start_at(|number| base + number, lifetime).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => match settings.port_base {
            Some(base) => Err(Failure::usage(format!(
                "one of the ports {base} to {} is taken; write another --port-base",
                base + 4
            ))),
            None => start_at(|_| 0, lifetime).await.map_err(|it| failure(&it)),
        },
        started => started.map_err(|error| failure(&error)),
    }
}

fn failure(error: &io::Error) -> Failure {
    Failure::store(format!("the vendors cannot be started: {error}"))
}

/// Starts the vendors in the order of their ports.
async fn start_at(port: impl Fn(u16) -> u16, lifetime: Duration) -> io::Result<Vec<Simulated>> {
    let oauth2 = OAuth2Server::builder()
        .port(port(0))
        .access_token_lifetime(lifetime)
        .start()
        .await?;
    let saas = QuectelSaasServer::builder()
        .port(port(1))
        .token_lifetime(lifetime)
        .same_token_within((lifetime / 4).min(Duration::from_secs(30 * 60)))
        .start()
        .await?;
    let end_user = QuectelEndUserServer::builder()
        .port(port(2))
        .access_token_lifetime(lifetime)
        .start()
        .await?;
    let enos = EnosServer::builder()
        .port(port(3))
        .token_lifetime(lifetime)
        .start()
        .await?;
    let cloud = PrivateCloudServer::builder()
        .port(port(4))
        .access_token_lifetime(lifetime)
        .start()
        .await?;
    Ok(vec![
        simulated(
            "OAuth 2.0",
            &["demo", "demo-refresh", "demo-login"],
            profiles::oauth2(&oauth2),
            oauth2,
        ),
        simulated(
            "Quectel, access key",
            &["demo-quectel"],
            profiles::quectel(&saas),
            saas,
        ),
        simulated(
            "Quectel, end user",
            &["demo-quectel-user"],
            profiles::quectel_user(&end_user),
            end_user,
        ),
        simulated("EnOS", &["demo-enos"], profiles::enos(&enos), enos),
        simulated(
            "private cloud",
            &["demo-cloud"],
            profiles::cloud(&cloud),
            cloud,
        ),
    ])
}

fn simulated(
    name: &'static str,
    profiles: &'static [&'static str],
    profile: profiles::Written,
    server: impl Vendor + 'static,
) -> Simulated {
    Simulated {
        name,
        profiles,
        server: Box::new(server),
        profile,
        active: Mutex::default(),
    }
}
