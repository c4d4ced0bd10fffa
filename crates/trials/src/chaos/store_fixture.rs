//! The stores under test: how a process opens one, and what the orchestrator does to it. Another
//! store is one more arm of each match.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context as _, Result};
use local_servers::{LocalServer as _, Postgres, Redis};
use token_file::FileStore;
use token_postgres::PostgresStore;
use token_redis::RedisStore;
use vendor_auth::sealing::{Sealing, SealingKey};
use vendor_auth::types::store::TokenStore;

use super::options::StoreKind;
use super::step_kill::{StepKill, whole_on_disk};

/// Opens the store in a process.
pub(crate) async fn open_store(kind: StoreKind, address: &str) -> Result<Arc<dyn TokenStore>> {
    Ok(match kind {
        StoreKind::File | StoreKind::Broken => Arc::new(FileStore::at(address)),
        StoreKind::Redis => Arc::new(RedisStore::connect(address, sealing()?).await?),
        StoreKind::Postgres => {
            let store = PostgresStore::builder(sealing()?)
                .url(address.to_owned())
                .notified_through(address.to_owned())
                .build()?;
            store.check().await?;
            Arc::new(store)
        }
    })
}

fn sealing() -> Result<Sealing> {
    Ok(Sealing::with(SealingKey::new("chaos", [42; 32])?))
}

/// Like `open_store`, in a process that may be told to kill itself before one step of a file's
/// write.
pub(super) async fn open_store_that_kills(
    kind: StoreKind,
    address: &str,
    step_kill: Arc<StepKill>,
) -> Result<Arc<dyn TokenStore>> {
    match kind {
        StoreKind::File => {
            let store = FileStore::at(address).before_each_step(move |step| step_kill.before(step));
            Ok(Arc::new(store))
        }
        _ => open_store(kind, address).await,
    }
}

/// How a store is unavailable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outage {
    /// Its server is stopped, or its folder is something else.
    Gone,
    /// Its server is frozen; a folder cannot be frozen, so it is gone.
    Silent,
    /// It can be read but not written: no space (file, Redis), read-only (PostgreSQL).
    Full,
}

/// The store itself, as the orchestrator controls it.
#[derive(Debug)]
pub(crate) enum StoreFixture {
    File(Folder),
    Redis(Redis),
    Postgres(Postgres),
}

impl StoreFixture {
    /// Starts an empty store.
    pub(crate) async fn prepare(kind: StoreKind, folder: &Path) -> Result<Self> {
        Ok(match kind {
            StoreKind::File | StoreKind::Broken => Self::File(Folder::make(folder.join("store"))?),
            StoreKind::Redis => Self::Redis(Redis::with().append_only().start()?),
            StoreKind::Postgres => {
                // Each process may have five connections, and a crowd has 64 processes.
                let server = Postgres::with().setting("max_connections", "400").start()?;
                let store = PostgresStore::builder(sealing()?).url(server.url());
                store.build()?.migrate().await?;
                Self::Postgres(server)
            }
        })
    }

    /// Returns the generation of a token that is complete in a temporary file; `None` for a store
    /// without files.
    pub(super) fn whole_on_disk(&self) -> Option<u64> {
        match self {
            Self::File(folder) => {
                whole_on_disk(&folder.path).or_else(|| whole_on_disk(&folder.other))
            }
            Self::Redis(_) | Self::Postgres(_) => None,
        }
    }

    /// Returns whether it is a folder.
    pub(super) fn is_folder(&self) -> bool {
        matches!(self, Self::File(_))
    }

    /// Returns the address by which processes open it.
    pub(crate) fn address(&self) -> String {
        match self {
            Self::File(folder) => folder.path.display().to_string(),
            Self::Redis(server) => server.url(),
            Self::Postgres(server) => server.url(),
        }
    }

    /// Makes it unavailable. For a folder, a full disk is a limit of each process, which the
    /// workers set.
    pub(super) fn take_away(&mut self, outage: Outage) -> Result<()> {
        match (self, outage) {
            (Self::File(_), Outage::Full) => {}
            (Self::File(folder), _) => folder.exchange()?,
            (Self::Redis(server), Outage::Gone) => server.kill()?,
            (Self::Redis(server), Outage::Silent) => server.pause()?,
            (Self::Redis(server), Outage::Full) => {
                drop(server.command(&["CONFIG", "SET", "maxmemory", "1"])?);
            }
            (Self::Postgres(server), Outage::Gone) => server.kill()?,
            (Self::Postgres(server), Outage::Silent) => server.pause()?,
            (Self::Postgres(server), Outage::Full) => read_only(server, "on")?,
        }
        Ok(())
    }

    /// Makes it available again.
    pub(super) fn give_back(&mut self, outage: Outage) -> Result<()> {
        match (self, outage) {
            (Self::File(_), Outage::Full) => {}
            (Self::File(folder), _) => folder.exchange()?,
            (Self::Redis(server), Outage::Gone) => server.start_again()?,
            (Self::Redis(server), Outage::Silent) => server.resume()?,
            (Self::Redis(server), Outage::Full) => {
                drop(server.command(&["CONFIG", "SET", "maxmemory", "0"])?);
            }
            (Self::Postgres(server), Outage::Gone) => server.start_again()?,
            (Self::Postgres(server), Outage::Silent) => server.resume()?,
            (Self::Postgres(server), Outage::Full) => read_only(server, "off")?,
        }
        Ok(())
    }
}

fn read_only(server: &Postgres, state: &str) -> Result<()> {
    server.sql("SET default_transaction_read_only = off")?;
    server.sql(&format!(
        "ALTER SYSTEM SET default_transaction_read_only = {state}"
    ))?;
    server.sql("SELECT pg_reload_conf()")?;
    Ok(())
}

/// A folder that can be swapped with a file, so that nothing in it can be opened.
#[derive(Debug)]
pub(crate) struct Folder {
    path: PathBuf,
    other: PathBuf,
}

impl Folder {
    fn make(path: PathBuf) -> Result<Self> {
        let other = path.with_extension("away");
        fs::create_dir(&path).context("the folder of the store cannot be created")?;
        fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o700))?;
        fs::write(&other, "no folder")?;
        Ok(Self { path, other })
    }

    #[cfg(target_os = "linux")]
    fn exchange(&self) -> Result<()> {
        use rustix::fs::{CWD, RenameFlags, renameat_with};
        renameat_with(CWD, &self.path, CWD, &self.other, RenameFlags::EXCHANGE)
            .context("the folder of the store cannot be taken away")
    }

    #[cfg(not(target_os = "linux"))]
    fn exchange(&self) -> Result<()> {
        let aside = self.path.with_extension("aside");
        fs::rename(&self.path, &aside)?;
        fs::rename(&self.other, &self.path)?;
        fs::rename(&aside, &self.other).context("the folder of the store cannot be taken away")
    }
}
