//! A live view of all tokens' lives, in the terminal.
//!
//! It reads the store, so that it shows what all processes do. Only `r` asks a vendor.

mod bar;
mod feed;
mod picture;
mod plain;
mod screen;
mod view;
mod words;

use std::io::{self, IsTerminal as _};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;

use self::feed::Feed;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;

/// The arguments of `watch`.
#[derive(Debug, Args)]
pub(crate) struct WatchArgs {
    /// The profiles; one may be POOL/ACCOUNT. Default: all
    names: Vec<String>,
}

pub(crate) async fn run(config: Config, args: &WatchArgs) -> Result<ExitCode, Failure> {
    let profiles: Vec<Profile> = match args.names.is_empty() {
        true => all(&config)?,
        false => {
            let named = args.names.iter().map(|name| config.profile(name));
            named.collect::<Result<_, _>>()?
        }
    };
    let config = Arc::new(config);
    let feed = Feed::start(&config, &profiles)?;
    match why_plain() {
        Some(why) => plain::run(feed, why).await,
        None => screen::run(config, profiles, feed).await,
    }
}

/// Returns all profiles. A token of a pool is shown only if it is named: there may be very many.
fn all(config: &Config) -> Result<Vec<Profile>, Failure> {
    let profiles: Vec<_> = config.tokens().cloned().collect();
    match config.profiles().find(|profile| profile.pool.is_some()) {
        Some(Profile { name, .. }) if profiles.is_empty() => Err(Failure::usage(format!(
            "{name}: it is a pool; `vendor-auth watch {name}/ACCOUNT` shows a token of it"
        ))),
        _ => Ok(profiles),
    }
}

/// Returns why no picture can be drawn.
fn why_plain() -> Option<&'static str> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Some("this is not a terminal");
    }
    let terminal = std::env::var("TERM").unwrap_or_default();
    match &*terminal {
        "dumb" => Some("TERM is dumb"),
        _ => None,
    }
}
