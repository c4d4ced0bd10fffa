//! The command line of `curl`.

use clap::Args;

/// The arguments of `curl`.
#[derive(Debug, Args)]
pub(crate) struct CurlArgs {
    /// The profile
    pub(super) name: String,

    /// The arguments of curl. All URLs must be of the profile's hosts. `.curlrc` is not read
    #[arg(last = true, required = true, value_name = "ARGUMENTS")]
    pub(super) arguments: Vec<String>,
}
