//! The chapters of docs/command: each of their fenced blocks is run, or checked by the program that
//! reads it. A block that is added to a chapter fails its test until the test uses it.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test panics if its setup fails")]

mod billing;
mod chapter;
mod ci;
mod configuration;
mod cron;
mod envoy;
mod git;
#[expect(dead_code, reason = "the tests of the commands use more of it")]
#[path = "../command/home.rs"]
mod home;
#[expect(dead_code, reason = "the tests of the commands use more of it")]
#[path = "../command/http_server.rs"]
mod http_server;
mod index;
mod kubectl;
mod kubernetes;
mod login;
mod nginx;
mod no_token;
mod pools;
mod programs;
mod readme;
#[path = "../command/repository.rs"]
mod repository;
mod serving;
mod sidecar;
mod stores;
mod systemd;
