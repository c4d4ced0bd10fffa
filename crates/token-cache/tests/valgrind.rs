//! Programs with this library run under valgrind, which hides the vDSO, the page of code in which
//! the kernel lets a program read its clocks.
#![cfg(all(target_os = "linux", target_env = "gnu"))]

use std::io::ErrorKind;
use std::process::Command;

use pollster::block_on;
use token_cache::TokenCache;
use token_file::FileStore;
use token_testkit::{ApiRefusal, ApiVendor};

const PROGRAM: &str = "a_token_is_refreshed_and_stored_by_the_clocks_of_the_system";

/// What runs under valgrind, and in each other run of the tests without it.
#[test]
fn a_token_is_refreshed_and_stored_by_the_clocks_of_the_system() {
    let folder = format!("token-cache-valgrind-{}", std::process::id());
    let folder = std::env::temp_dir().join(folder);
    let vendor = ApiVendor::new("http://api.acme.example", ApiRefusal::Status).unwrap();
    let cache = TokenCache::builder(vendor.clone())
        .http_client(vendor)
        .store(FileStore::at(&folder))
        .build()
        .unwrap();
    let first = block_on(cache.token()).unwrap().generation();
    assert_eq!(block_on(cache.token()).unwrap().generation(), first);
    assert!(block_on(cache.refresh_if(first)).unwrap().generation() > first);
    drop(cache);
    std::fs::remove_dir_all(folder).unwrap();
}

#[test]
fn a_program_with_a_cache_and_a_file_store_runs_under_valgrind() {
    let this = std::env::current_exe().unwrap();
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--quiet", "--tool=none"]).arg(this);
    let run = match valgrind.args(["--exact", PROGRAM]).output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            eprintln!("skipped, since valgrind is not installed");
            return;
        }
        run => run.unwrap(),
    };
    let [out, err] = [&run.stdout, &run.stderr].map(|text| String::from_utf8_lossy(text));
    assert!(run.status.success(), "{}: {out}{err}", run.status);
    assert!(out.contains("1 passed"), "{out}");
}
