//! Gives curl the token, and watches whether it is refused.

use std::io;
use std::process::{Command, ExitCode, Stdio};

use command_fds::CommandFdExt as _;
use vendor_auth::Token;
use vendor_auth::types::reexports::http::Uri;

use super::allowed::{self, Allowed};
use super::answers;
use super::operation::Operation;
use super::option_table::OptionTable;
use super::pipes::Pipes;
use crate::api_headers::ApiHeaders;
use crate::child;
use crate::config::Config;
use crate::config::profile::{Credentials, Profile};
use crate::failure::Failure;
use crate::grant::{Grant, Wanted};

/// The exit code of shells if a program is not found.
const NOT_FOUND: u8 = 127;

pub(super) async fn run(
    config: &Config,
    name: &str,
    arguments: &[String],
) -> Result<ExitCode, Failure> {
    let profile = &config.profile(name)?;
    let config = config.of(profile);
    let table = OptionTable::parse(&ask_curl(&["--help", "all"])?);
    let operations = Operation::parse(arguments, &table)?;
    let endpoint = profile.endpoint(Credentials::Omitted);
    let endpoint = endpoint.map_err(|mistake| config.mistake(&mistake))?;
    let origins = profile.origins(&*endpoint);
    let allowed = Allowed {
        origins: &origins.map_err(|mistake| config.mistake(&mistake))?,
        signs: profile.vendor.signs_requests(),
        version: version(&ask_curl(&["--version"])?),
    };
    let uris: Result<Vec<_>, _> = operations.iter().map(|it| allowed.check(it)).collect();
    let uris = uris?;
    // Answers of parallel transfers are dumped into each other.
    let is_parallel = operations.iter().any(|it| it.has("parallel"));
    let (token, _grant) = Grant::token(config, profile, Wanted::default()).await?;
    let mut pipes = Pipes::default();
    let mut curl = Command::new("curl");
    // First of all: the user's own `.curlrc` is not seen here.
    curl.arg("-q");
    config.secret_variables().iter().for_each(|name| {
        curl.env_remove(name);
    });
    for (index, (operation, uris)) in operations.iter().zip(&uris).enumerate() {
        allowed.check_token(&token, operation)?;
        if index > 0 {
            curl.arg("--next");
        }
        let headers = headers(config, profile, &token, operation, uris)?;
        let is_dumped = !is_parallel && !operation.has("dump-header");
        let piped = add(&mut curl, &mut pipes, operation, &headers, is_dumped);
        piped.map_err(|error| Failure::store(format!("no pipe: {error}")))?;
    }
    curl.preserved_fds(pipes.take_inherited());
    let mut dumps = Vec::new();
    let code = child::run(curl.into(), || dumps = pipes.serve()).await?;
    let mut dumps = dumps.into_iter().filter_map(|thread| thread.join().ok());
    let is_refused = |(text, follows): (String, bool)| answers::refuse(&*endpoint, &text, follows);
    if dumps.any(is_refused) {
        replace(config, profile, &token).await;
    }
    Ok(ExitCode::from(code))
}

fn headers(
    config: &Config,
    profile: &Profile,
    token: &Token,
    operation: &Operation,
    uris: &[Uri],
) -> Result<ApiHeaders, Failure> {
    match uris {
        [uri, ..] if profile.vendor.signs_requests() => {
            ApiHeaders::signed(config, profile, token, allowed::method(operation)?, uri)
        }
        _ => Ok(ApiHeaders::of(token)),
    }
}

fn add(
    curl: &mut Command,
    pipes: &mut Pipes,
    operation: &Operation,
    headers: &ApiHeaders,
    is_dumped: bool,
) -> io::Result<()> {
    curl.args(["--config", &pipes.config(headers)?]);
    if is_dumped {
        let follows = operation.follows_redirects();
        curl.args(["--dump-header", &pipes.dump(follows)?]);
    }
    curl.args(&operation.arguments);
    Ok(())
}

/// Makes the next run work. The exit code stays curl's.
async fn replace(config: &Config, profile: &Profile, token: &Token) {
    match Grant::refused(config, profile, |it| it.same_as(token.access())).await {
        Ok(replaced) => replaced.tell(&profile.name),
        Err(failure) => drop(failure.report()),
    }
}

fn ask_curl(arguments: &[&str]) -> Result<String, Failure> {
    let asked = Command::new("curl")
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    let output = asked.map_err(|error| {
        Failure::with_code(
            NOT_FOUND,
            format!("`curl` cannot be run: {error}; install it"),
        )
    })?;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Reads `curl 7.88.1 (x86_64-pc-linux-gnu) …`.
fn version(text: &str) -> (u32, u32) {
    let version = text.split(' ').nth(1).unwrap_or_default();
    let mut numbers = version.split('.').map(|number| number.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}
