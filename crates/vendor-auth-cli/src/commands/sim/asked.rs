//! Which fault is asked for.

use std::fmt;
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use crate::failure::Failure;

/// No span is longer, in seconds.
const YEAR: i64 = 31_536_000;

/// The arguments of `sim fault`.
#[derive(Debug, Args)]
pub(crate) struct FaultArgs {
    /// What goes wrong
    #[arg(value_enum)]
    kind: Kind,

    /// Only at the vendor of this profile. Default: at all of them
    #[arg(long, value_name = "NAME")]
    profile: Option<String>,

    /// Until this time has passed. Default: until `vendor-auth sim fault none`
    #[arg(long = "for", value_name = "SECONDS", conflicts_with = "times", value_parser = clap::value_parser!(u64).range(..=YEAR.unsigned_abs()))]
    lasting: Option<u64>,

    /// For this number of token requests
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(1..))]
    times: Option<u32>,

    /// How long: `Retry-After` of 429 and 503 (default 5), the delay of `slow` (default 10), by how
    /// much the clock of `clock-skew` is fast (default 3600; negative: slow)
    #[arg(long, value_name = "SECONDS", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-YEAR..=YEAR))]
    seconds: Option<i64>,
}

/// What can go wrong. Everything but `outage`, `revoke`, `revoke-grant`, `disabled` and
/// `clock-skew` happens to token requests only.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    /// Nothing any more
    #[default]
    None,
    /// Connections are refused
    Outage,
    /// Status 503 with Retry-After
    #[value(name = "503")]
    Unavailable,
    /// Status 429 with Retry-After
    #[value(name = "429")]
    TooManyRequests,
    /// Status 500
    #[value(name = "500")]
    ServerError,
    /// The answer comes late
    Slow,
    /// No answer comes
    Silent,
    /// The connection is cut before the vendor acts
    Cut,
    /// The vendor acts, and the connection is cut before its answer
    LostAnswer,
    /// The vendor acts, and the connection is cut in the middle of its answer
    HalfAnswer,
    /// A page in HTML, as from a hotel's network
    Html,
    /// The access tokens issued so far are revoked
    Revoke,
    /// The refresh tokens issued so far are revoked
    RevokeGrant,
    /// The account is disabled
    Disabled,
    /// The vendor's clock is wrong
    ClockSkew,
}

/// A fault that was asked for.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(super) struct Asked {
    pub(super) kind: Kind,
    pub(super) profile: Option<String>,
    pub(super) lasting: Option<Duration>,
    pub(super) times: Option<u32>,
    pub(super) seconds: Option<i64>,
}

/// What goes wrong at a vendor now.
#[derive(Debug, Default)]
pub(super) struct Active {
    pub(super) kind: Kind,
    /// Counts the faults, so that the end of an earlier one does not end a later one.
    pub(super) number: u64,
    /// By how much its clock is fast, in milliseconds.
    pub(super) skew_ms: i64,
}

impl Active {
    pub(super) fn replace(&mut self, kind: Kind) {
        self.kind = kind;
        self.number += 1;
    }
}

impl FaultArgs {
    /// Returns what the simulator is asked for.
    pub(super) fn request(&self) -> Result<Asked, Failure> {
        let kind = self.kind;
        let has_end = self.lasting.is_some() || self.times.is_some();
        let happens_once = matches!(kind, Kind::None | Kind::Revoke | Kind::RevokeGrant);
        if happens_once && has_end {
            let why = "happens once; remove --for and --times";
            return Err(Failure::usage(format!("`{kind}` {why}")));
        }
        let is_state = matches!(kind, Kind::Outage | Kind::Disabled | Kind::ClockSkew);
        if is_state && self.times.is_some() {
            let why = "counts no requests; write --for SECONDS";
            return Err(Failure::usage(format!("`{kind}` {why}")));
        }
        let may_be_negative = kind == Kind::ClockSkew;
        if !may_be_negative && self.seconds.is_some_and(i64::is_negative) {
            return Err(Failure::usage("--seconds must not be negative"));
        }
        Ok(Asked {
            kind,
            profile: self.profile.clone(),
            lasting: self.lasting.map(Duration::from_secs),
            times: self.times,
            seconds: self.seconds,
        })
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = self.to_possible_value();
        f.write_str(value.as_ref().map_or("", |value| value.get_name()))
    }
}
