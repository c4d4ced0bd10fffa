//! Writes the files of each profile, and ends.

use std::process::ExitCode;

use super::hook::Hook;
use super::sink::Sink;
use super::{ServeArgs, check_store, sinks_of};
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;
use crate::grant::{Grant, Wanted};
use crate::output::Printed;

/// Writes the files of each profile once. A profile that fails does not keep the others from it.
pub(super) async fn run(
    config: &Config,
    profiles: &[Profile],
    args: &ServeArgs,
    hook: Option<&Hook>,
) -> Result<ExitCode, Failure> {
    if args.sink.is_empty() {
        return Err(Failure::usage("--once writes files; add --sink"));
    }
    let mut code = ExitCode::SUCCESS;
    for profile in profiles {
        let sinks: Vec<_> = sinks_of(&args.sink, profile);
        if sinks.is_empty() {
            continue;
        }
        if let Err(failure) = write_once(config, profile, &sinks, hook).await {
            code = failure.report();
        }
    }
    Ok(code)
}

async fn write_once(
    config: &Config,
    profile: &Profile,
    sinks: &[Sink],
    hook: Option<&Hook>,
) -> Result<(), Failure> {
    check_store(config, profile).await?;
    let (token, _grant) = Grant::token(config, profile, Wanted::default()).await?;
    let origins = config.origins(profile)?;
    let printed = Printed::of(profile, &token, &origins);
    for sink in sinks {
        sink.write(&printed).await?;
    }
    match hook {
        Some(hook) => hook.run(&profile.name, &token).await,
        None => Ok(()),
    }
}
