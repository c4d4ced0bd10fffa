//! The store: whether it is this user's, and can be read and written.

use std::io;
use std::path::{Path, PathBuf};

use tokio::time::timeout;
use vendor_auth::FileStore;

use super::Checks;
use super::finding::Report;
use crate::config::document::resolve;
use crate::config::settings::StoreKind;
use crate::failure::{self, STORE, TRY_LATER};
use crate::grant::Grant;

const CHECK: &str = "store";

/// Reads the profile's record, and writes beside it.
pub(super) async fn check(checks: &Checks<'_>, report: &mut Report) {
    let grant = match Grant::open_offline(checks.config, checks.profile) {
        Ok(grant) => grant,
        Err(failure) => return report.fail(CHECK, failure.code(), failure.to_string(), ""),
    };
    match timeout(checks.within, grant.tokens.load()).await {
        Ok(Ok(_)) => {}
        Ok(Err(error)) => {
            let code = failure::code(error.kind());
            return report.fail(CHECK, code, error.to_string(), advice(checks));
        }
        Err(_) => {
            let found = format!("it does not answer within {} s", checks.within.as_secs());
            return report.fail(CHECK, TRY_LATER, found, advice(checks));
        }
    }
    match directory(checks) {
        Some(directory) => judge_directory(&directory, report),
        None => report.ok(CHECK, "it is read; that it can be written is not tried"),
    }
}

fn advice(checks: &Checks<'_>) -> &'static str {
    match checks.config.store.kind {
        StoreKind::File => "correct the owner and the mode, or write another `store.directory`",
        StoreKind::Redis | StoreKind::Postgres => "correct `[store]`, or start the server",
    }
}

fn directory(checks: &Checks<'_>) -> Option<PathBuf> {
    let settings = &checks.config.store;
    match (settings.kind, &settings.directory) {
        (StoreKind::File, Some(directory)) => Some(resolve(checks.config.path(), directory)),
        (StoreKind::File, None) => {
            let store = FileStore::in_default_directory("vendor-auth").ok()?;
            Some(store.directory().to_owned())
        }
        _ => None,
    }
}

fn judge_directory(directory: &Path, report: &mut Report) {
    let path = directory.display();
    let there = directory.ancestors().find(|path| path.exists());
    let there = there.unwrap_or(directory);
    let is_made = there == directory;
    match written(there) {
        Ok(()) if is_made => report.ok(CHECK, format!("{path} can be read and written")),
        Ok(()) => report.ok(CHECK, format!("{path} is made with the first token")),
        Err(error) => {
            let there = there.display();
            let found = format!("{path} cannot be written: {error}, at {there}");
            let advice = format!(
                "give this user the right to write to {there}, or write another `store.directory`"
            );
            report.fail(CHECK, STORE, found, &advice);
        }
    }
}

/// Writes a file and removes it.
fn written(directory: &Path) -> io::Result<()> {
    let mut file = tempfile::Builder::new()
        .prefix(".vendor-auth-")
        .tempfile_in(directory)?;
    io::Write::write_all(&mut file, b"doctor")?;
    file.as_file().sync_all()?;
    file.close()
}
