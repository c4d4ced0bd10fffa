//! Logs a person in.

mod authorization;
mod browser;
mod opener;
mod pages;
mod password;
mod pasted;
mod redirects;
mod terminal;

use std::io::Write as _;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use vendor_auth::TokenGuard;

use super::status::relative;
use crate::config::Config;
use crate::config::login::Login;
use crate::failure::Failure;
use crate::grant::{self, Grant};
use crate::store::{self, writing};

/// How long the vendor is waited for once the person is done.
const WITHIN: Duration = Duration::from_secs(60);

/// The arguments of `login`.
#[derive(Debug, Args)]
pub(crate) struct LoginArgs {
    /// The profile, or POOL/ACCOUNT
    name: String,

    /// Opens no browser, and reads the address that the browser comes back to from standard input:
    /// for a machine without a screen
    #[arg(long)]
    no_browser: bool,

    /// Reads the password from standard input, and asks nothing
    #[arg(long, conflicts_with = "no_browser")]
    password_stdin: bool,

    /// The longest time in seconds to wait for the person
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    timeout: u64,
}

pub(crate) async fn run(config: &Config, args: &LoginArgs) -> Result<ExitCode, Failure> {
    let profile = &config.profile(&args.name)?;
    store::prepare(config.of(profile)).await?;
    let (grant, login) = Grant::open_for_login(config, profile, WITHIN)?;
    args.check(&login)?;
    if login.asks_a_person() {
        grant.check_store().await?;
        writing::attempt(config.of(profile)).await?;
    }
    let token = match login {
        Login::Browser(login) => browser::log_in(config, &grant, login, args).await?,
        Login::Password(login) => password::log_in(&grant, login, args.password_stdin).await?,
        Login::RefreshToken => return Err(with_refresh_token(&grant)),
        Login::Unneeded => return prove(&grant).await,
    };
    tell(&success(&grant, &token));
    Ok(ExitCode::SUCCESS)
}

impl LoginArgs {
    /// Refuses the switch of another way to log in.
    fn check(&self, login: &Login) -> Result<(), Failure> {
        let (name, is_browser) = (&self.name, matches!(login, Login::Browser(_)));
        if self.password_stdin && !matches!(login, Login::Password(_)) {
            return Err(Failure::usage(format!(
                "{name}: its login has no password; leave --password-stdin out"
            )));
        }
        match self.no_browser && !is_browser {
            true => Err(Failure::usage(format!(
                "{name}: its login has no browser; leave --no-browser out"
            ))),
            false => Ok(()),
        }
    }
}

async fn prove(grant: &Grant) -> Result<ExitCode, Failure> {
    let name = &grant.profile.name;
    let token = grant.prove().await?;
    tell(&format!(
        "{name}: no login is needed, the program logs in itself. Its credentials are good: {}",
        expiry(&token)
    ));
    Ok(ExitCode::SUCCESS)
}

fn with_refresh_token(grant: &Grant) -> Failure {
    let name = &grant.profile.name;
    Failure::usage(format!(
        "{name}: a refresh token begins this grant, not a login. If the vendor refuses it, get \
         another from the vendor, put it where `refresh_token` is read, and run \
         `vendor-auth token {name}`"
    ))
}

fn success(grant: &Grant, token: &TokenGuard) -> String {
    let name = &grant.profile.name;
    let vendor = grant.profile.vendor.display_name();
    let health = grant.tokens.health();
    let mut text = format!("{name}: logged in ({vendor}); {}", expiry(token));
    match (token.refresh(), health.grant_ends_at) {
        (None, _) => text.push_str("; there is no refresh token: log in again then"),
        (Some(_), Some(end)) => {
            text.push_str(&format!("; log in again {}", relative(end, grant::now())));
        }
        (Some(_), None) => text.push_str(" and is refreshed"),
    }
    text
}

fn expiry(token: &TokenGuard) -> String {
    match token.validity().ends() {
        Some(end) => format!(
            "the token expires at {end} ({})",
            relative(end, grant::now())
        ),
        None => "the token is used until an API refuses it".to_owned(),
    }
}

/// Tells a person something on standard error. If it is closed, nobody reads it.
pub(crate) fn tell(text: &str) {
    drop(writeln!(std::io::stderr(), "{text}"));
}
