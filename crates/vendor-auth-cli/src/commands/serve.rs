//! Serves tokens to other programs: over HTTP on this machine, and in files.

mod address;
mod answer;
mod bearer;
mod connections;
mod files;
mod guard;
mod history;
mod hook;
mod kept;
mod listener;
mod metrics;
mod once;
mod page;
mod places;
mod pool;
mod routes;
mod served;
mod server;
mod sink;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use tokio::sync::watch;
use tokio::task::JoinSet;

use self::address::Address;
use self::bearer::Bearer;
use self::hook::Hook;
use self::kept::{Kept, Warned};
use self::listener::Listener;
use self::metrics::Metrics;
use self::pool::Pool;
use self::served::Served;
use self::server::Server;
use self::sink::Sink;
use crate::config::Config;
use crate::config::pool::SAMPLE;
use crate::config::profile::Profile;
use crate::config::settings::StoreKind;
use crate::failure::{Failure, say};
use crate::grant::Grant;
use crate::signals;
use crate::store;

/// How long connections have to end, and exchanges after them.
const GRACE: Duration = Duration::from_secs(10);

/// The arguments of `serve`.
#[derive(Debug, Args)]
pub(crate) struct ServeArgs {
    /// The profiles and pools; POOL/ACCOUNT is one account alone. Default: all
    names: Vec<String>,

    /// Where to listen: unix:PATH or 127.0.0.1:PORT; can be repeated. Default: a socket of this
    /// user, in its runtime directory
    #[arg(long, value_name = "ADDRESS")]
    listen: Vec<Address>,

    /// The file with what TCP clients send as bearer; made if it is missing
    #[arg(long, value_name = "FILE")]
    bearer_file: Option<PathBuf>,

    /// The most connections on one address. More take the place of those that are idle longest
    #[arg(long, value_name = "N", default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: u32,

    /// A file that has the newest token, NAME:FORMAT:PATH:MODE, such as
    /// app:json:/run/app.json:0640; can be repeated. The formats are those of `token --output`
    #[arg(long, value_name = "SINK")]
    sink: Vec<Sink>,

    /// A shell command to run for each new token, after the files are written. It is told
    /// VENDOR_AUTH_PROFILE, VENDOR_AUTH_EXPIRES_AT and VENDOR_AUTH_GENERATION, and nothing secret
    #[arg(long, value_name = "COMMAND")]
    on_refresh: Option<String>,

    /// The longest time in seconds that this command may run
    #[arg(long, value_name = "SECONDS", default_value_t = 30, requires = "on_refresh",
        value_parser = clap::value_parser!(u64).range(1..))]
    hook_timeout: u64,

    /// Writes the files, and ends
    #[arg(long, conflicts_with_all = ["listen", "bearer_file"])]
    once: bool,
}

pub(crate) async fn run(config: &Config, args: ServeArgs) -> Result<ExitCode, Failure> {
    let profiles = chosen(config, &args)?;
    let (profiles, pools): (Vec<_>, Vec<_>) =
        profiles.into_iter().partition(|it| it.pool.is_none());
    refuse_for_pools(&profiles, &pools, &args)?;
    let timeout = Duration::from_secs(args.hook_timeout);
    let hook = args.on_refresh.clone();
    let hook = hook.map(|command| Hook::new(command, timeout));
    match args.once {
        true => once::run(config, &profiles, &args, hook.as_ref()).await,
        false => serve(config, &profiles, &pools, args, hook).await,
    }
}

/// Returns the profiles of the command line, without repetition.
fn chosen(config: &Config, args: &ServeArgs) -> Result<Vec<Profile>, Failure> {
    let all = config.profiles().filter(|_| args.names.is_empty()).cloned();
    let mut profiles: Vec<_> = all.collect();
    for name in &args.names {
        let profile = config.profile_or_pool(name)?;
        if !profiles.iter().any(|other| other.name == *name) {
            profiles.push(profile);
        }
    }
    if profiles.is_empty() {
        return Err(config.no_profiles());
    }
    for sink in &args.sink {
        if !profiles.iter().any(|profile| profile.name == sink.name) {
            config.profile_or_pool(&sink.name)?;
            return Err(Failure::usage(format!(
                "--sink {sink}: `{}` is not among the profiles that are served",
                sink.name
            )));
        }
    }
    sink::refuse_same_file(&args.sink)?;
    Ok(profiles)
}

/// Refuses what is for one token. A pool may have very many.
fn refuse_for_pools(
    profiles: &[Profile],
    pools: &[Profile],
    args: &ServeArgs,
) -> Result<(), Failure> {
    let is_of_pool = |sink: &&Sink| pools.iter().any(|pool| pool.name == sink.name);
    if let Some(sink) = args.sink.iter().find(is_of_pool) {
        let name = &sink.name;
        return Err(Failure::usage(format!(
            "--sink {sink}: `{name}` is a pool, which has no file; serve `{name}/ACCOUNT` beside it, \
             and name that"
        )));
    }
    match args.on_refresh.is_some() && profiles.is_empty() {
        true => Err(Failure::usage(
            "--on-refresh is not run for the accounts of a pool; leave it out, or serve \
             `POOL/ACCOUNT` too",
        )),
        false => Ok(()),
    }
}

fn sinks_of(sinks: &[Sink], profile: &Profile) -> Vec<Sink> {
    let own = sinks.iter().filter(|sink| sink.name == profile.name);
    own.cloned().collect()
}

/// Refuses files that others have access to, as the other commands do. A server that is away may
/// come back.
async fn check_store(config: &Config, profile: &Profile) -> Result<(), Failure> {
    match config.of(profile).store.kind {
        StoreKind::File => Grant::open_offline(config, profile)?.check_store().await,
        StoreKind::Redis | StoreKind::Postgres => Ok(()),
    }
}

/// Serves until a signal ends it.
async fn serve(
    config: &Config,
    profiles: &[Profile],
    pools: &[Profile],
    args: ServeArgs,
    hook: Option<Hook>,
) -> Result<ExitCode, Failure> {
    check_stores(config, pools).await?;
    // Before the caches: they begin their gauges as they are built.
    let metrics = Metrics::install()?;
    let upkeep = tokio::spawn(metrics.clone().keep());
    let kept = open(config, profiles, &args.sink, hook.as_ref()).await?;
    let pools = open_pools(config, pools).await?;
    let served = Served::new(kept, pools, metrics);
    let server = Server::new(served, limit(args.max_connections));
    let (listeners, bearer) = listen(args.listen, args.bearer_file).await?;
    let ended = signals::ended();
    let (stop, stopped) = watch::channel(false);
    let mut connections = JoinSet::new();
    for listener in listeners {
        say(&format!("listening on {listener}"));
        let accepting = server.clone();
        connections.spawn(accepting.accept(listener, bearer.clone(), stopped.clone()));
    }
    let (stop_keeping, no_longer_kept) = watch::channel(false);
    let keepers = server.served().keep(&no_longer_kept);
    let signal = ended.await;
    say(&format!("ends with signal {signal}"));
    stop.send_replace(true);
    let _late = tokio::time::timeout(GRACE, connections.join_all()).await;
    let unsettled = server.served().drain(GRACE).await;
    // The files get what the last exchange brought.
    stop_keeping.send_replace(true);
    let _late = tokio::time::timeout(GRACE, keepers.join_all()).await;
    upkeep.abort();
    match unsettled.is_empty() {
        true => Ok(ExitCode::SUCCESS),
        false => Err(cut_off(&unsettled)),
    }
}

/// Opens the profiles that are served.
async fn open(
    config: &Config,
    profiles: &[Profile],
    sinks: &[Sink],
    hook: Option<&Hook>,
) -> Result<Vec<Kept>, Failure> {
    if profiles.iter().any(|profile| !profile.is_simulated) {
        store::prepare(config).await?;
    }
    let (warned, mut kept) = (Warned::default(), Vec::new());
    for profile in profiles {
        check_store(config, profile).await?;
        let sinks = sinks_of(sinks, profile);
        let hook = hook.cloned();
        kept.push(Kept::open(config, profile, sinks, hook, warned.clone())?);
    }
    Ok(kept)
}

/// Refuses the files of pools that others have access to. Nothing is measured yet: it is done with
/// an account that nobody has.
async fn check_stores(config: &Config, pools: &[Profile]) -> Result<(), Failure> {
    for pool in pools {
        check_store(config, &pool.of_account(SAMPLE)?).await?;
    }
    Ok(())
}

/// Opens the pools that are served.
async fn open_pools(config: &Config, profiles: &[Profile]) -> Result<Vec<Pool>, Failure> {
    let mut pools = Vec::new();
    for profile in profiles {
        let Some(template) = &profile.pool else {
            continue;
        };
        store::prepare(config.of(profile)).await?;
        pools.push(Pool::open(config, profile, template)?);
    }
    Ok(pools)
}

/// Listens on these addresses, or on the default one. A port needs the bearer.
async fn listen(
    addresses: Vec<Address>,
    bearer_file: Option<PathBuf>,
) -> Result<(Vec<Listener>, Option<Arc<Bearer>>), Failure> {
    let addresses = match addresses.is_empty() {
        true => vec![Address::of_this_user()?],
        false => addresses,
    };
    let bearer = match addresses.iter().any(Address::is_tcp) {
        true => Some(Arc::new(Bearer::in_file(bearer_file)?)),
        false => None,
    };
    let mut listeners = Vec::new();
    for address in &addresses {
        listeners.push(Listener::bind(address).await?);
    }
    Ok((listeners, bearer))
}

/// Returns the failure of an end that did not wait for exchanges, or for the store.
fn cut_off(profiles: &[String]) -> Failure {
    Failure::store(format!(
        "{}: {} s were not enough for an exchange under way, or for the store to take its token; \
         check the store and the vendor",
        profiles.join(", "),
        GRACE.as_secs()
    ))
}

fn limit(connections: u32) -> usize {
    usize::try_from(connections).unwrap_or(usize::MAX)
}
