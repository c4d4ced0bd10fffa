//! The profiles of the simulated vendors, as a user would write them.

use token_sim::{
    EnosServer, OAuth2Server, PrivateCloudServer, QuectelEndUserServer, QuectelSaasServer,
};

use super::place::Place;
use crate::config::simulator;
use crate::failure::Failure;

/// What every profile of the simulator may do.
const HEADER: &str = "\
# Written by `vendor-auth sim`, and removed when it ends.
[store]
directory = \"tokens\"

[http]
proxy = \"direct\"
";

/// A part of the configuration, and the files with its secrets.
pub(super) struct Written {
    toml: String,
    secrets: Vec<(&'static str, String)>,
}

/// Writes the profiles; their configuration comes last, because its presence says that the rest is
/// there.
pub(super) fn write<'a>(
    place: &Place,
    profiles: impl Iterator<Item = &'a Written>,
) -> Result<(), Failure> {
    let mut config = HEADER.to_owned();
    for profile in profiles {
        config.push_str(&profile.toml);
        for (name, secret) in &profile.secrets {
            place.write(&format!("secrets/{name}"), secret)?;
        }
    }
    place.write(simulator::CONFIG, &config)
}

pub(super) fn oauth2(server: &OAuth2Server) -> Written {
    let (token_url, client_id) = (server.token_url(), server.client_id());
    let (authorize_url, revoke_url) = (server.authorize_url(), server.revoke_url());
    let client = format!(
        "vendor = \"oauth2\"\n\
         token_url = \"{token_url}\"\n\
         client_id = \"{client_id}\"\n\
         client_secret = {{ file = \"secrets/client\" }}\n\
         allow_plain_http = true\n"
    );
    let toml = format!(
        "
# A program that logs in itself.
[profiles.demo]
{client}grant = \"client_credentials\"

# A grant that begins with a refresh token; each refresh token is used once.
[profiles.demo-refresh]
{client}grant = \"refresh_token\"
refresh_token = {{ file = \"secrets/refresh-token\" }}

# A person who logs in with a browser: `vendor-auth login demo-login`.
[profiles.demo-login]
{client}grant = \"authorization_code\"
authorize_url = \"{authorize_url}\"
revocation_url = \"{revoke_url}\"
"
    );
    let mut secrets = vec![("client", server.client_secret().to_owned())];
    secrets.extend(first("refresh-token", server.grant().refresh_token()));
    Written { toml, secrets }
}

pub(super) fn quectel(server: &QuectelSaasServer) -> Written {
    let (url, key) = (server.base_url(), server.access_key());
    let toml = format!(
        "
[profiles.demo-quectel]
vendor = \"quectel-access-key\"
url = \"{url}\"
access_key = \"{key}\"
access_secret = {{ file = \"secrets/quectel\" }}
allow_plain_http = true
"
    );
    let secrets = vec![("quectel", server.access_secret().to_owned())];
    Written { toml, secrets }
}

pub(super) fn quectel_user(server: &QuectelEndUserServer) -> Written {
    let (url, domain) = (server.base_url(), server.user_domain());
    let toml = format!(
        "
# `vendor-auth login demo-quectel-user` asks for the password: sim-password
[profiles.demo-quectel-user]
vendor = \"quectel-end-user\"
url = \"{url}\"
account = \"user@example.com\"
user_domain = \"{domain}\"
user_domain_secret = {{ file = \"secrets/quectel-domain\" }}
refresh_token = {{ file = \"secrets/quectel-user\" }}
allow_plain_http = true
"
    );
    let domain = server.user_domain_secret().to_owned();
    let mut secrets = vec![("quectel-domain", domain)];
    secrets.extend(first("quectel-user", server.grant().refresh_token()));
    Written { toml, secrets }
}

pub(super) fn enos(server: &EnosServer) -> Written {
    let (url, key) = (server.base_url(), server.app_key());
    let toml = format!(
        "
[profiles.demo-enos]
vendor = \"enos-apim\"
url = \"{url}\"
app_key = \"{key}\"
app_secret = {{ file = \"secrets/enos\" }}
allow_plain_http = true
"
    );
    let secrets = vec![("enos", server.app_secret().to_owned())];
    Written { toml, secrets }
}

pub(super) fn cloud(server: &PrivateCloudServer) -> Written {
    let (url, client_id) = (server.base_url(), server.client_id());
    let toml = format!(
        "
# `vendor-auth login demo-cloud` logs in with a browser.
[profiles.demo-cloud]
vendor = \"private-cloud\"
url = \"{url}\"
client_id = \"{client_id}\"
client_secret = {{ file = \"secrets/cloud\" }}
refresh_token = {{ file = \"secrets/cloud-user\" }}
allow_plain_http = true
"
    );
    let mut secrets = vec![("cloud", server.client_secret().to_owned())];
    secrets.extend(first("cloud-user", server.grant().refresh_token()));
    Written { toml, secrets }
}

/// Returns the file with the refresh token of a user who logged in earlier.
fn first(name: &'static str, refresh_token: Option<&str>) -> Option<(&'static str, String)> {
    refresh_token.map(|token| (name, token.to_owned()))
}
