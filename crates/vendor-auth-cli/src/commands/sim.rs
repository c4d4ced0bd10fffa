//! Simulates the vendors on this machine.

mod asked;
mod control;
mod faults;
mod place;
mod profiles;
mod report;
mod vendors;

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use vendor_auth::Secret;

use self::asked::FaultArgs;
use self::control::{Control, Request};
use self::place::Place;
use self::report::Reported;
use self::vendors::{Settings, Simulated};
use super::token::print;
use crate::config::Config;
use crate::config::simulator;
use crate::failure::Failure;
use crate::signals;

/// The arguments of `sim`.
#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct SimArgs {
    /// The first of five ports; 0 for free ones. Default: 8470, or free ones if those are taken
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(..=65_531))]
    port_base: Option<u16>,

    /// How long access tokens are valid
    #[arg(long, value_name = "SECONDS", default_value_t = 300, value_parser = clap::value_parser!(u64).range(1..=31_536_000))]
    token_lifetime: u64,

    #[command(subcommand)]
    command: Option<SimCommand>,
}

/// What the running simulator is told.
#[derive(Debug, Subcommand)]
enum SimCommand {
    /// Lets the vendors fail in a certain way
    Fault(FaultArgs),
    /// Shows what each vendor saw
    Status {
        /// Prints an array of objects
        #[arg(long)]
        json: bool,
    },
}

pub(crate) async fn run(config: Option<&Config>, args: &SimArgs) -> Result<ExitCode, Failure> {
    match &args.command {
        None => simulate(config, args).await?,
        Some(SimCommand::Fault(fault)) => {
            let request = fault.request()?;
            let told: String = control::ask(&Request::Fault(request)).await?;
            print(&Secret::from(told))?;
        }
        Some(SimCommand::Status { json }) => {
            let seen: Vec<Reported> = control::ask(&Request::Status).await?;
            let text = match json {
                true => format!("{}\n", serde_json::json!(seen)),
                false => seen.iter().map(ToString::to_string).collect(),
            };
            print(&Secret::from(text))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs until a signal ends it.
async fn simulate(config: Option<&Config>, args: &SimArgs) -> Result<(), Failure> {
    let place = Place::take().await?;
    let settings = Settings {
        port_base: args.port_base,
        token_lifetime: Duration::from_secs(args.token_lifetime),
    };
    let vendors = vendors::start(settings).await?;
    // Listened for before anything is printed: who reads it may send the signal.
    let ended = signals::ended();
    tokio::pin!(ended);
    tokio::select! {
        biased;
        _signal = &mut ended => return Ok(()),
        () = std::future::ready(()) => {}
    }
    let control = Control::open(&place).await?;
    profiles::write(&place, vendors.iter().map(|vendor| &vendor.profile))?;
    print(&Secret::from(introduction(config, &place, &vendors)))?;
    let vendors: Arc<[Simulated]> = vendors.into();
    tokio::select! {
        _signal = &mut ended => Ok(()),
        failure = control.serve(Arc::clone(&vendors)) => Err(failure),
        failure = report::follow(&vendors) => Err(failure),
    }
}

/// Returns what is printed at the start.
fn introduction(config: Option<&Config>, place: &Place, vendors: &[Simulated]) -> String {
    let mut text = String::from("Simulated vendors, until Ctrl-C:\n\n");
    for vendor in vendors {
        let (url, name) = (vendor.server.simulation().base_url(), vendor.name);
        text.push_str(&format!(
            "  {url}  {name}: {}\n",
            vendor.profiles.join(", ")
        ));
    }
    let path = place.path(simulator::CONFIG);
    text.push_str(&format!("\nTheir profiles: {}\n", path.display()));
    for name in simulator::PROFILES {
        let own = config.and_then(|config| config.profile(name).ok());
        if own.is_some_and(|profile| !profile.is_simulated) {
            text.push_str(&format!(
                "`{name}` is the profile of your own configuration, and not this one.\n"
            ));
        }
    }
    let resource = vendors
        .first()
        .map(|first| first.server.simulation().resource_url())
        .unwrap_or_default();
    text.push_str(&format!(
        "\nIn another terminal:\n\n\
         \x20 vendor-auth token demo\n\
         \x20 vendor-auth curl demo -- -fsS {resource}\n\
         \x20 vendor-auth sim fault outage --for 60\n\
         \x20 vendor-auth status demo\n\
         \x20 vendor-auth sim status\n\n"
    ));
    text
}
