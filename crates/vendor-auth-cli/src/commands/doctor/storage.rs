//! The store: whether it is this user's, and can be read and written.

use std::io;
use std::path::{Path, PathBuf};

use tokio::time::timeout;
use vendor_auth::{Error, ErrorKind, FileStore};

use super::Checks;
use super::finding::Report;
use crate::config::document::resolve;
use crate::config::settings::StoreKind;
use crate::failure::{self, STORE, TRY_LATER};
use crate::grant::Grant;
use crate::store::writing;

const CHECK: &str = "store";

/// Reads the profile's record, and tries whether it can be written.
pub(super) async fn check(checks: &Checks<'_>, report: &Report) {
    let grant = match Grant::open_offline(checks.config, checks.profile) {
        Ok(grant) => grant,
        Err(failure) => return report.fail(CHECK, failure.code(), failure.to_string(), ""),
    };
    match timeout(checks.within, grant.tokens.load()).await {
        Ok(Err(error)) if error.kind() == ErrorKind::Store => unread(checks, &error, report),
        // A grant that has ended is told by the check of the grant.
        Ok(_) => match directory(checks) {
            Some(directory) => judge_directory(&directory, report),
            None => judge_server(checks, report).await,
        },
        Err(_) => silent(checks, report),
    }
}

fn unread(checks: &Checks<'_>, error: &Error, report: &Report) {
    let text = failure::text(error);
    // Another command creates the tables.
    if checks.config.store.kind == StoreKind::Postgres && text.contains("the tables do not exist:")
    {
        let advice = "request a token, as a role that may create tables";
        return report.warn(CHECK, text, advice);
    }
    report.fail(CHECK, STORE, text, advice(checks));
}

fn silent(checks: &Checks<'_>, report: &Report) {
    let found = format!("it does not answer within {} s", checks.within.as_secs());
    report.fail(CHECK, TRY_LATER, found, advice(checks));
}

async fn judge_server(checks: &Checks<'_>, report: &Report) {
    match timeout(checks.within, writing::attempt(checks.config)).await {
        Ok(Ok(())) => report.ok(CHECK, "it can be read and written"),
        Ok(Err(failure)) => {
            let found = format!("it can be read, but not written: {failure}");
            report.fail(
                CHECK,
                failure.code(),
                found,
                "correct the server or its user",
            );
        }
        Err(_) => silent(checks, report),
    }
}

fn advice(checks: &Checks<'_>) -> &'static str {
    match checks.config.store.kind {
        StoreKind::File => {
            "correct the owner and the mode; move a file away that is torn or of another program, \
             and log in again; or write another `store.directory`"
        }
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

fn judge_directory(directory: &Path, report: &Report) {
    let path = directory.display();
    let there = directory.ancestors().find(|path| path.exists());
    let there = there.unwrap_or(directory);
    let is_made = there == directory;
    match written(there) {
        Ok(()) if is_made => report.ok(CHECK, format!("{path} can be read and written")),
        Ok(()) => report.ok(CHECK, format!("{path} is made with the first token")),
        Err(error) => {
            let there = there.display();
            // Not its text, which names a file that is gone.
            let found = format!("{path} cannot be written: {}, at {there}", error.kind());
            let advice = way_out(error.kind(), &there.to_string());
            report.fail(CHECK, STORE, found, &advice);
        }
    }
}

fn way_out(kind: io::ErrorKind, there: &str) -> String {
    let other = "or write another `store.directory`";
    match kind {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            format!("make room at {there}, {other}")
        }
        io::ErrorKind::ReadOnlyFilesystem => format!("mount {there} for writing, {other}"),
        _ => format!("give this user the right to write to {there}, {other}"),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_not_a_missing_right() {
        let way_out = |kind| way_out(kind, "/store");
        assert!(way_out(io::ErrorKind::StorageFull).starts_with("make room at /store"));
        assert!(way_out(io::ErrorKind::ReadOnlyFilesystem).starts_with("mount /store"));
        assert!(way_out(io::ErrorKind::PermissionDenied).starts_with("give this user the right"));
    }
}
