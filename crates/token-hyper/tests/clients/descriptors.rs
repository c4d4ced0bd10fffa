//! A process without free file descriptors.

use std::fs::File;
use std::process::Command;

use crate::Client;
use token_core::{HttpClient, SendFailure};

use super::raw::{MINUTE, assert_unsent, refresh};
use super::{CHILD, assert_passed};

#[test]
fn a_lack_of_file_descriptors_is_named_in_the_error() {
    if std::env::var_os(CHILD).is_some() {
        return child_without_descriptors();
    }
    let this = std::env::current_exe().unwrap();
    let child = Command::new("sh")
        .args(["-c", "ulimit -n 64 && exec \"$@\"", "sh"])
        .arg(this)
        .args([
            "--exact",
            "clients::descriptors::a_lack_of_file_descriptors_is_named_in_the_error",
        ])
        .env(CHILD, "yes")
        .output()
        .unwrap();
    assert_passed(&child);
}

/// Runs in its own process, because it uses up all file descriptors.
fn child_without_descriptors() {
    let client = Client::builder()
        .only_added_root_certificates()
        .add_root_certificates_pem(&super::authority::Authority::new().pem())
        .build()
        .unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let taken: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    let error = runtime
        .block_on(client.send(refresh("http://127.0.0.1:9/t"), MINUTE))
        .unwrap_err();
    drop(taken);
    assert_unsent(&error, SendFailure::Connect);
    let expected = "the connection could not be established: too many open files: raise the \
        process's limit (`ulimit -n`)";
    assert_eq!(error.to_string(), expected);
}
