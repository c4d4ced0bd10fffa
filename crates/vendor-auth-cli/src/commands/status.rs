//! Shows how the tokens are.

use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use futures_util::future::join_all;
use serde_json::json;
use vendor_auth::Secret;
use vendor_auth::types::Timestamp;

use super::token::print;
use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::{Failure, LOG_IN, TRY_LATER};
use crate::grant::{self, Grant, Wanted};
use crate::life::{LastError, Life, State};
use crate::printable::printable;

/// How long the vendor is waited for.
const WITHIN: Duration = Duration::from_secs(10);

/// The arguments of `status`.
#[derive(Debug, Args)]
pub(crate) struct StatusArgs {
    /// The profile, or POOL/ACCOUNT. Default: all profiles
    name: Option<String>,

    /// Prints an array of objects
    #[arg(long)]
    json: bool,

    /// Tells what the store says, and sends nothing. Otherwise a token that is due is refreshed,
    /// which shows whether the grant is good
    #[arg(long)]
    offline: bool,
}

pub(crate) async fn run(config: &Config, args: &StatusArgs) -> Result<ExitCode, Failure> {
    let profiles: Vec<Profile> = match &args.name {
        Some(name) => vec![config.profile(name)?],
        None => config.tokens().cloned().collect(),
    };
    let is_alone = args.name.is_some();
    let pools = config
        .profiles()
        .filter(|it| it.pool.is_some() && !is_alone);
    let asked = profiles.iter();
    let asked = asked.map(|profile| life(config, profile, args.offline));
    // All are waited for, also if a signal ends them: each may have a refresh under way.
    let lives = join_all(asked).await.into_iter();
    let lives = lives.collect::<Result<Vec<_>, _>>()?;
    let text = match args.json {
        true => format!("{}\n", json!(lives)),
        false => {
            let lives = lives.iter().zip(&profiles);
            let lives = lives.map(|(life, profile)| for_people(life, profile, grant::now()));
            lives.chain(pools.map(of_pool)).collect()
        }
    };
    print(&Secret::from(text))?;
    Ok(exit_code(&lives))
}

async fn life(config: &Config, profile: &Profile, offline: bool) -> Result<Life, Failure> {
    let failed = match offline {
        true => None,
        false => refresh(config, profile).await?,
    };
    let life = Grant::open_offline(config, profile)?.life().await;
    let last_error = match failed {
        // Such as a secret that cannot be read: the next command has it again.
        Some(failure) if !is_told(&life, &failure) => Some(LastError {
            at: None,
            exit_code: failure.code(),
            message: without_name(&failure.to_string(), &profile.name),
        }),
        _ => life.last_error,
    };
    Ok(Life { last_error, ..life })
}

/// Returns the message of a failure; where it is shown, the profile is named already.
fn without_name(message: &str, name: &str) -> String {
    let own = message.strip_prefix(name);
    let own = own.and_then(|rest| rest.strip_prefix(": "));
    own.unwrap_or(message).to_owned()
}

/// Returns whether the last failure says it, or the state.
fn is_told(life: &Life, failure: &Failure) -> bool {
    let last = life.last_error.as_ref();
    let is_kept = last.is_some_and(|last| last.exit_code == failure.code());
    is_kept
        || match life.state {
            State::LoginRequired => failure.code() == LOG_IN,
            State::Expired => life.logged_out && failure.code() == TRY_LATER,
            _ => false,
        }
}

/// Refreshes the token if that is due, and returns why it could not be.
async fn refresh(config: &Config, profile: &Profile) -> Result<Option<Failure>, Failure> {
    let wanted = Wanted {
        within: WITHIN,
        keep_logout: true,
        ..Wanted::default()
    };
    match Grant::token(config, profile, wanted).await {
        Ok(_) => Ok(None),
        Err(failure) if failure.is_interruption() => Err(failure),
        Err(failure) => Ok(Some(failure)),
    }
}

fn for_people(life: &Life, profile: &Profile, now: Timestamp) -> String {
    let mut text = format!("{}: {} ({})\n", life.name, life.text(), life.vendor);
    if let Some(next) = how_to_log_in(life, profile) {
        text.push_str(&format!("  {next}\n"));
    }
    let mut line = |what: &str, at: Option<Timestamp>| {
        if let Some(at) = at {
            text.push_str(&format!("  {what} {}\n", relative(at, now)));
        }
    };
    line("issued", life.issued_at);
    line("refresh due", life.refresh_at.filter(|at| *at > now));
    line("expires", life.expires_at);
    line("log in again", life.grant_ends_at);
    if let Some(error) = &life.last_error {
        text.push_str(&format!("  {}\n", last_error(error, now)));
    }
    printable(&text)
}

/// Returns where the tokens of a pool are seen: this process does not know its accounts.
fn of_pool(pool: &Profile) -> String {
    let (name, vendor) = (&pool.name, pool.vendor.display_name());
    printable(&format!(
        "{name}: a pool ({vendor}); `vendor-auth status {name}/ACCOUNT` shows a token of it\n"
    ))
}

/// Returns who has to log in, and how.
fn how_to_log_in(life: &Life, profile: &Profile) -> Option<String> {
    let name = &life.name;
    match life.state {
        State::LoginRequired => Some(profile.how_to_log_in()),
        State::Expired if life.logged_out => {
            Some(format!("the next `vendor-auth token {name}` logs in again"))
        }
        _ => None,
    }
}

/// Returns the last error, with its own advice.
pub(crate) fn last_error(error: &LastError, now: Timestamp) -> String {
    let when = error.at.map(|at| format!(" {}", relative(at, now)));
    format!("last error{}: {}", when.unwrap_or_default(), error.message)
}

/// Returns "in 12 min" or "3 h ago".
pub(crate) fn relative(at: Timestamp, now: Timestamp) -> String {
    match at > now {
        true => format!("in {}", span(at.since(now))),
        false => format!("{} ago", span(now.since(at))),
    }
}

pub(crate) fn span(time: Duration) -> String {
    match time.as_secs() {
        seconds @ ..120 => format!("{seconds} s"),
        seconds @ ..7200 => format!("{} min", seconds / 60),
        seconds @ ..172_800 => format!("{} h", seconds / 3600),
        seconds => format!("{} days", seconds / 86_400),
    }
}

/// Returns the code of the worst state.
fn exit_code(lives: &[Life]) -> ExitCode {
    let code = |life: &Life| match life.state {
        State::Valid | State::RefreshDue => 0,
        State::Expired => {
            let last = life.last_error.as_ref();
            last.map_or(TRY_LATER, |error| error.exit_code)
        }
        State::Unknown => 74,
        State::LoginRequired => LOG_IN,
    };
    ExitCode::from(lives.iter().map(code).max().unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::without_name;

    #[test]
    fn a_profile_is_named_once() {
        assert_eq!(without_name("demo: it is down", "demo"), "it is down");
        assert_eq!(
            without_name("demo2: it is down", "demo"),
            "demo2: it is down"
        );
        assert_eq!(
            without_name("config.toml: a key", "demo"),
            "config.toml: a key"
        );
    }
}
