//! The configuration file, the profile and its secrets.

use std::path::Path;
use std::time::Duration;

use super::Checks;
use super::finding::Report;
use super::network::in_time;
use super::target::Target;
use crate::config::document::resolve;
use crate::config::profile::{Credentials, Profile};
use crate::config::secret::SecretSource;
use crate::config::{Config, default_path};
use crate::failure::{CONFIG, TRY_LATER};
use crate::http;

const CHECK: &str = "configuration";
const SECRETS: &str = "secrets";
/// How long the end of a program is waited for.
const SLACK: Duration = Duration::from_millis(500);

/// Reads the file.
pub(super) fn read(given: Option<&Path>, report: &Report) -> Option<Config> {
    let config = match Config::load(given) {
        Ok(config) => config,
        Err(failure) => {
            report.fail(CHECK, failure.code(), failure.to_string(), "");
            return None;
        }
    };
    if let Some(path) = given.map(Path::to_owned).or_else(|| default_path().ok()) {
        judge_mode(&path, report);
    }
    Some(config)
}

/// Finds the profile, and where its tokens are requested.
pub(super) fn profile(config: &Config, name: &str, report: &Report) -> Option<(Profile, Target)> {
    let found = config.profile(name).and_then(|profile| {
        let endpoint = profile.endpoint(Credentials::Omitted);
        let endpoint = endpoint.map_err(|mistake| config.mistake(&mistake))?;
        profile
            .origins(&*endpoint)
            .map_err(|mistake| config.mistake(&mistake))?;
        Ok((profile, endpoint))
    });
    match found {
        Ok((profile, endpoint)) => {
            let target = Target::of(&*endpoint);
            if target.is_none() {
                let why = "the address of this profile's token requests is not known";
                report.fail(CHECK, CONFIG, why, "write its URL");
            }
            // A mistake under `[http]` would not be seen if the vendor is not reached.
            if let Err(failure) = http::client(config.of(&profile)) {
                report.fail(CHECK, failure.code(), failure.to_string(), "");
            }
            let path = config.of(&profile).path().display();
            report.ok(CHECK, format!("{path}: profile `{name}`"));
            Some((profile, target?))
        }
        Err(failure) => {
            report.fail(CHECK, failure.code(), failure.to_string(), "");
            None
        }
    }
}

/// Reads each secret, and forgets it.
pub(super) async fn secrets(checks: &Checks<'_>, report: &Report) {
    let profile = checks.profile;
    let sources = profile.secret_sources();
    if sources.is_empty() {
        return report.ok(SECRETS, "this profile has none");
    }
    for (key, source) in sources {
        read_secret(checks, &key, source, report).await;
    }
    // A secret of a wrong form is found when the endpoint is made with it.
    if !report.has_failed(&[SECRETS])
        && let Err(mistake) = profile.endpoint(Credentials::Read)
    {
        let failure = checks.config.mistake(&mistake);
        report.fail(SECRETS, failure.code(), failure.to_string(), "");
    }
}

async fn read_secret(checks: &Checks<'_>, key: &str, source: SecretSource, report: &Report) {
    let config = checks.config.path().to_owned();
    let from = source.clone();
    // A program is ended after that time; what else takes longer is left.
    let within = checks.within.saturating_add(SLACK);
    let read = in_time(within, move || source.read(&config).map(drop)).await;
    match read {
        Some(Ok(())) => {
            report.ok(SECRETS, format!("`{key}`: {from}"));
            if let SecretSource::File(path) = &from {
                judge_secrecy(&resolve(checks.config.path(), path), report);
            }
        }
        Some(Err(why)) => {
            let advice = format!("correct `{}.{key}`", checks.profile.name);
            report.fail(SECRETS, CONFIG, format!("`{key}`: {why}"), &advice);
        }
        None => {
            let seconds = checks.within.as_secs();
            let found = format!("`{key}`: {from} is not read within {seconds} s");
            let advice = "it may wait for a person: run it by hand, or give --timeout";
            report.fail(SECRETS, TRY_LATER, found, advice);
        }
    }
}

/// Whoever writes the configuration can name a program that runs as this user.
#[cfg(unix)]
fn judge_mode(path: &Path, report: &Report) {
    if mode(path) & 0o022 != 0 {
        let path = path.display();
        let found = format!("{path}: other users can write it");
        report.warn(CHECK, found, &format!("chmod go-w {path}"));
    }
}

#[cfg(unix)]
fn judge_secrecy(path: &Path, report: &Report) {
    if mode(path) & 0o077 != 0 {
        let path = path.display();
        let found = format!("{path}: other users have access to it");
        report.warn(SECRETS, found, &format!("chmod 600 {path}"));
    }
}

#[cfg(unix)]
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).map_or(0, |found| found.permissions().mode())
}

/// On Windows, a user's files are private.
#[cfg(not(unix))]
fn judge_mode(_path: &Path, _report: &Report) {}

#[cfg(not(unix))]
fn judge_secrecy(_path: &Path, _report: &Report) {}
