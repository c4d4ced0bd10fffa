//! What the server does with refresh tokens, and what the processes are told about it.

use std::time::Duration;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use vendor_auth::types::Rotation;

/// What a refresh does to the refresh token.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum RotationMode {
    /// The server keeps it, and every second answer leaves it out. The processes do not know this
    /// and treat it as single-use.
    Kept,
    /// A refresh token is single-use, and presenting it again ends the grant.
    #[default]
    SingleUse,
    /// A refresh token is single-use, but accepted again for a minute.
    Grace,
}

/// How long an access token lives, in milliseconds.
pub(super) const LIFE_MS: i64 = 7_200_000;

/// How long a used refresh token is accepted again; no round takes as long.
pub(super) const GRACE: Duration = Duration::from_secs(60);

impl RotationMode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Kept => "kept",
            Self::SingleUse => "single-use",
            Self::Grace => "grace",
        }
    }

    /// Returns what the server does.
    pub(super) fn of_server(self) -> token_sim::Rotation {
        match self {
            Self::Kept => token_sim::Rotation::Kept,
            Self::SingleUse => token_sim::Rotation::Strict,
            Self::Grace => token_sim::Rotation::Grace(GRACE),
        }
    }

    /// Returns what the processes are told.
    pub(super) fn of_client(self) -> Rotation {
        match self {
            Self::Kept | Self::SingleUse => Rotation::SingleUse,
            Self::Grace => Rotation::Grace(GRACE),
        }
    }

    /// Returns whether a refresh token rests after its outcome became unknown.
    pub(super) fn rests(self) -> bool {
        self != Self::Grace
    }
}
