//! Finds out why a token cannot be obtained, and says what to do.
//!
//! No check sends a credential unless `--send` is given: a wrong password or secret may count
//! against an account.

mod answer;
mod certificate;
mod configuration;
mod finding;
mod grant;
mod network;
mod proxy;
mod storage;
mod target;

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use vendor_auth::Secret;

use self::finding::Report;
use self::target::Target;
use super::token::print;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::config::secret::program;
use crate::failure::Failure;

/// The arguments of `doctor`.
#[derive(Debug, Args)]
pub(crate) struct DoctorArgs {
    /// The profile, or POOL/ACCOUNT
    name: String,

    /// Prints an array of objects
    #[arg(long)]
    json: bool,

    /// Makes one token request, which shows whether the secret and the grant are good. A wrong
    /// secret may count against the account
    #[arg(long)]
    send: bool,

    /// The longest time in seconds that each check may take. All of them together take at most six
    /// times as long; the token request of --send at most a minute more, as its answer must not be
    /// lost
    #[arg(long, value_name = "SECONDS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=3600))]
    timeout: u64,
}

/// All checks together may take this many times what one may take.
const ALL: u32 = 6;

/// What the checks share.
struct Checks<'a> {
    config: &'a Config,
    profile: &'a Profile,
    within: Duration,
}

pub(crate) async fn run(given: Option<&Path>, args: &DoctorArgs) -> Result<ExitCode, Failure> {
    let within = Duration::from_secs(args.timeout);
    program::limit(within);
    let report = Report::default();
    let limit = within.saturating_mul(ALL);
    let examination = {
        let (given, name) = (given.map(Path::to_owned), args.name.clone());
        let report = report.clone();
        move || examine(given.as_deref(), &name, within, &report)
    };
    // What hangs in the operating system does not delay the end: it is left on its thread.
    match network::in_time(limit, examination).await {
        None => report.give_up(limit),
        Some(None) => {}
        Some(Some(config)) => {
            let profile = &config.profile(&args.name)?;
            let config = config.of(profile);
            let checks = Checks {
                config,
                profile,
                within,
            };
            grant::request(&checks, args.send, &report).await;
        }
    }
    let text = match args.json {
        true => report.to_json(),
        false => report.to_text(has_colours()),
    };
    print(&Secret::from(text))?;
    Ok(report.exit_code())
}

/// Makes all checks but the token request. Returns the configuration if it can be used.
fn examine(given: Option<&Path>, name: &str, within: Duration, report: &Report) -> Option<Config> {
    let unusable = || report.skip_the_rest("the configuration cannot be used");
    let Some(config) = configuration::read(given, report) else {
        unusable();
        return None;
    };
    let Some((profile, target)) = configuration::profile(&config, name, report) else {
        unusable();
        return None;
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .ok()?;
    let checks = Checks {
        config: config.of(&profile),
        profile: &profile,
        within,
    };
    runtime.block_on(async {
        configuration::secrets(&checks, report).await;
        storage::check(&checks, report).await;
        reach(&checks, &target, report).await;
        grant::check(&checks, report).await;
    });
    Some(config)
}

/// Follows the way to the vendor, as far as it goes.
async fn reach(checks: &Checks<'_>, target: &Target, report: &Report) {
    target.judge_scheme(report);
    let next = proxy::route(checks.config, target, report);
    let Some(addresses) = network::resolve(&next, checks.within, report).await else {
        return report.skip(&["tcp", "tls", "http", "clock"], "no address is known");
    };
    if !network::connect(&next, &addresses, checks.within, report).await {
        return report.skip(&["tls", "http", "clock"], "there is no connection");
    }
    answer::check(checks, target, &next, report).await;
}

/// Returns whether standard output shows colours.
fn has_colours() -> bool {
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|terminal| terminal == "dumb");
    io::stdout().is_terminal() && !is_set("NO_COLOR") && !is_dumb
}
