//! The store: whether it is this user's, and can be read and written.

use tokio::time::timeout;
use vendor_auth::{Error, ErrorKind};

use super::Checks;
use super::finding::Report;
use crate::config::settings::StoreKind;
use crate::failure::{self, STORE, TRY_LATER};
use crate::grant::Grant;
use crate::store::writing::{self, Directory};

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
        Ok(_) => match checks.config.store.kind {
            StoreKind::File => judge_directory(checks, report),
            StoreKind::Redis | StoreKind::Postgres => judge_server(checks, report).await,
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

fn judge_directory(checks: &Checks<'_>, report: &Report) {
    let directory = match Directory::of(checks.config) {
        Ok(directory) => directory,
        Err(failure) => return report.fail(CHECK, failure.code(), failure.to_string(), ""),
    };
    let path = directory.path.display();
    match directory.attempt() {
        Ok(()) if directory.is_there() => {
            report.ok(CHECK, format!("{path} can be read and written"));
        }
        Ok(()) => report.ok(CHECK, format!("{path} is made with the first token")),
        Err(why) => report.fail(CHECK, STORE, why.found, &why.advice),
    }
}
