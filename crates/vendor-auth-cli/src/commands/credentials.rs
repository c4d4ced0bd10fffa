//! Answers the programs that ask a helper for credentials.

mod bazel;
mod git;
mod kubernetes;

use std::io::{self, Read as _};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use vendor_auth::Secret;
use vendor_auth::types::reexports::http::Uri;

use crate::config::Config;
use crate::config::profile::Profile;
use crate::failure::Failure;

/// The longest question.
const LONGEST: u64 = 1024 * 1024;

/// The arguments of `helper`.
#[derive(Debug, Args)]
pub(crate) struct HelperArgs {
    /// The protocol
    #[arg(long, value_enum)]
    protocol: Protocol,

    /// The profile, or POOL/ACCOUNT
    name: String,

    /// What is asked for; the asking program appends it. git: get, store, erase or capability.
    /// bazel: get
    operation: Option<String>,
}

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Protocol {
    /// git: credential.helper = "!vendor-auth helper --protocol git NAME"
    Git,
    /// kubectl and other clients of Kubernetes: `exec` in the user of a kubeconfig
    Kubernetes,
    /// Bazel: --credential_helper, with a script that appends the operation
    Bazel,
}

pub(crate) async fn run(config: &Config, args: &HelperArgs) -> Result<ExitCode, Failure> {
    let profile = &config.profile(&args.name)?;
    let config = config.of(profile);
    let operation = args.operation.as_deref();
    match args.protocol {
        Protocol::Git => git::run(config, profile, operation).await?,
        Protocol::Kubernetes => kubernetes::run(config, profile).await?,
        Protocol::Bazel => bazel::run(config, profile, operation).await?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns whether the token may be sent to this URI.
fn is_allowed(config: &Config, profile: &Profile, uri: &str) -> Result<bool, Failure> {
    let Ok(uri) = uri.parse::<Uri>() else {
        return Ok(false);
    };
    let origins = config.origins(profile)?;
    Ok(origins.iter().any(|origin| origin.is_of(&uri)))
}

/// Returns the failure of a URI to which the token may not be sent.
fn not_allowed(config: &Config, profile: &Profile, uri: &str) -> Failure {
    let origin = uri.splitn(4, '/').take(3).collect::<Vec<_>>().join("/");
    let why = format!("does not have {origin}, so it gets no token; add it if it is to get one");
    config.mistake(&profile.mistake("api_urls", why))
}

/// Reads what is asked. It may have a secret in it.
fn read_question() -> Result<Secret, Failure> {
    let mut text = Vec::new();
    io::stdin()
        .lock()
        .take(LONGEST)
        .read_to_end(&mut text)
        .map_err(|error| Failure::store(format!("standard input: {error}")))?;
    // A path may be of any bytes, and nothing is done with it.
    Ok(Secret::from(String::from_utf8_lossy(&text).into_owned()))
}
