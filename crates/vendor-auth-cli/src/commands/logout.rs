//! Ends a login.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use vendor_auth::cache::{GrantState, LoggedOut};

use super::login::tell;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::{self, Failure};
use crate::grant::Grant;
use crate::signals;

/// The arguments of `logout`.
#[derive(Debug, Args)]
pub(crate) struct LogoutArgs {
    /// The profile, or POOL/ACCOUNT
    name: String,

    /// The longest time in seconds to wait for the vendor
    #[arg(long, value_name = "SECONDS", default_value_t = 30)]
    timeout: u64,
}

pub(crate) async fn run(config: &Config, args: &LogoutArgs) -> Result<ExitCode, Failure> {
    let profile = &config.profile(&args.name)?;
    let grant = Grant::open(config, profile, Duration::from_secs(args.timeout))?;
    let ended = signals::interruptible(&grant.tokens, grant.log_out()).await?;
    let name = &profile.name;
    tell(&format!("{name}: {}", text(&ended, profile)));
    if let Ok(GrantState::Restorable) = grant.tokens.grant_state().await {
        tell(&format!(
            "{name}: the next `vendor-auth token {name}` logs in again by itself; to shut this \
             program out, take its credential away at the vendor"
        ));
    }
    Ok(match &ended {
        LoggedOut::NotRevoked { error } => ExitCode::from(failure::code(error.kind())),
        _ => ExitCode::SUCCESS,
    })
}

fn text(ended: &LoggedOut, profile: &Profile) -> String {
    match ended {
        LoggedOut::Revoked => "logged out, and the vendor revoked the token".to_owned(),
        LoggedOut::NotRevoked { error } => format!(
            "logged out, but the vendor did not revoke the token, and copies of it work until they \
             expire: {}",
            failure::text(error)
        ),
        LoggedOut::NothingToRevoke => "logged out; there was no token to revoke".to_owned(),
        _ if profile.vendor.may_revoke() => {
            "logged out; no `revocation_url` is configured, so the vendor does not know, and copies \
             of the token work until they expire"
                .to_owned()
        }
        _ => "logged out; the vendor cannot revoke tokens, and copies of it work until they expire"
            .to_owned(),
    }
}
