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
    /// The profile
    name: String,

    /// Prints an array of objects
    #[arg(long)]
    json: bool,

    /// Makes one token request, which shows whether the secret and the grant are good. A wrong
    /// secret may count against the account
    #[arg(long)]
    send: bool,

    /// The longest time in seconds that each check may take
    #[arg(long, value_name = "SECONDS", default_value_t = 5)]
    timeout: u64,
}

/// What the checks share.
struct Checks<'a> {
    config: &'a Config,
    profile: &'a Profile,
    within: Duration,
    send: bool,
}

pub(crate) async fn run(given: Option<&Path>, args: &DoctorArgs) -> Result<ExitCode, Failure> {
    program::limit(Duration::from_secs(args.timeout.max(1)));
    let mut report = Report::default();
    examine(given, args, &mut report).await;
    let text = match args.json {
        true => report.to_json(),
        false => report.to_text(has_colours()),
    };
    print(&Secret::from(text))?;
    Ok(report.exit_code())
}

async fn examine(given: Option<&Path>, args: &DoctorArgs, report: &mut Report) {
    let Some(config) = configuration::read(given, report) else {
        return report.skip_the_rest("the configuration cannot be used");
    };
    let Some((profile, target)) = configuration::profile(&config, &args.name, report) else {
        return report.skip_the_rest("the configuration cannot be used");
    };
    let checks = Checks {
        config: config.of(profile),
        profile,
        within: Duration::from_secs(args.timeout.max(1)),
        send: args.send,
    };
    configuration::secrets(&checks, report).await;
    storage::check(&checks, report).await;
    reach(&checks, &target, report).await;
    grant::check(&checks, report).await;
}

/// Follows the way to the vendor, as far as it goes.
async fn reach(checks: &Checks<'_>, target: &Target, report: &mut Report) {
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
