//! The command, run as a process against simulated vendors.

#![expect(clippy::unwrap_used, reason = "a test panics if its setup fails")]

mod bazel;
#[cfg(unix)]
mod broken_tls;
mod configuration;
#[cfg(unix)]
mod curl;
mod doctor;
mod git;
mod home;
#[cfg(unix)]
mod hostile;
#[cfg(unix)]
mod http_server;
#[cfg(unix)]
mod killed;
#[cfg(unix)]
mod kubernetes;
#[cfg(unix)]
mod login;
#[cfg(unix)]
mod manual;
mod printed;
#[cfg(unix)]
mod real_git;
mod repository;
#[cfg(unix)]
mod run;
#[cfg(unix)]
mod secrets;
#[cfg(unix)]
mod serve;
#[cfg(unix)]
mod sim;
#[cfg(unix)]
mod simulator;
mod status;
#[cfg(unix)]
mod stores;
mod token;
#[cfg(all(feature = "watch", unix))]
mod watch;
