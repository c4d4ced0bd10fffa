//! The options of a run.

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::rotation::RotationMode;

/// What to test.
#[derive(Clone, Debug, Args)]
pub(crate) struct Options {
    /// The store that the processes share.
    #[arg(long, value_enum)]
    pub(crate) store: StoreKind,
    /// What a refresh does to the refresh token.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) rotation: RotationMode,
    /// On which runtimes the processes make their calls.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) runtime: RuntimeMode,
    /// How many processes.
    #[arg(long, default_value_t = 8)]
    pub(crate) processes: usize,
    /// How many rounds; each makes the token due or lets it expire.
    #[arg(long, default_value_t = 1_000)]
    pub(crate) rounds: usize,
    /// The seed of everything that is drawn; default: the time of day.
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// Use TLS, so that the processes learn the vendor's clock, and the instants with which they
    /// sign are judged.
    #[arg(long)]
    pub(crate) tls: bool,
    /// No process is killed and no answer is cut off after the server acted: then no grant may be
    /// lost.
    #[arg(long)]
    pub(crate) no_kills: bool,
    /// What goes wrong most often.
    #[arg(long, value_enum, default_value_t)]
    pub(crate) mix: Mix,
}

/// The store under test.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum StoreKind {
    /// A folder that all processes share.
    File,
    /// A Redis server from this machine's package.
    Redis,
    /// A PostgreSQL server from this machine's package.
    Postgres,
    /// A store that breaks its contract, to see that the oracle detects it.
    #[value(hide = true)]
    Broken,
}

impl StoreKind {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Redis => "redis",
            Self::Postgres => "postgres",
            Self::Broken => "broken",
        }
    }
}

/// The runtimes on which a process makes its calls.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
pub(crate) enum RuntimeMode {
    /// One runtime for the lifetime of the process.
    #[default]
    One,
    /// A new one for every call, which ends with it.
    PerCall,
    /// The same, but the first call of a round loses its runtime before it has its token.
    Dropped,
}

impl RuntimeMode {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::PerCall => "per call",
            Self::Dropped => "dropped during a refresh",
        }
    }
}

/// How often each kind of trouble is drawn.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Mix {
    /// Every kind about as often, kills a little more.
    #[default]
    Even,
    /// Mostly outages of the store, frozen processes and logins: the engine goes on from its
    /// fallback, and what it knows is old.
    Outages,
}

impl Mix {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Even => "even",
            Self::Outages => "outages",
        }
    }
}

/// What may be done to processes and answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Harm {
    Kills,
    NoKills,
}

impl Options {
    pub(super) fn harm(&self) -> Harm {
        match self.no_kills {
            true => Harm::NoKills,
            false => Harm::Kills,
        }
    }
}
