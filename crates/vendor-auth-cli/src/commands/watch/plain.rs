//! Lines instead of a picture.

use std::process::ExitCode;

use vendor_auth::Secret;

use super::feed::Feed;
use super::words;
use crate::commands::token::print;
use crate::failure::Failure;
use crate::grant;
use crate::life::Life;
use crate::printable::printable;
use crate::signals;

/// Prints the lives when they change.
pub(super) async fn run(mut feed: Feed, why: &str) -> Result<ExitCode, Failure> {
    let notice = format!("vendor-auth: {why}: lines instead of a picture\n");
    drop(std::io::Write::write_all(
        &mut std::io::stderr(),
        notice.as_bytes(),
    ));
    let ended = signals::ended();
    tokio::pin!(ended);
    let mut before = None;
    loop {
        let lives = tokio::select! {
            lives = feed.next() => lives,
            signal = &mut ended => return Err(Failure::interrupted(signal)),
        };
        let shown: Option<Vec<_>> = Some(lives.iter().map(what_counts).collect());
        if shown != before {
            print(&Secret::from(lines(&lives)))?;
            before = shown;
        }
    }
}

fn what_counts(life: &Life) -> (String, Option<u64>, String) {
    let error = life.last_error.as_ref().map(|it| it.message.clone());
    let state = life.text().to_owned();
    (state, life.generation, error.unwrap_or_default())
}

fn lines(lives: &[Life]) -> String {
    let now = grant::now();
    let line = |life: &Life| {
        let error = words::last_error(life, now).map(|it| format!("; {it}"));
        let (name, state) = (&life.name, life.text());
        let next = words::next(life, now);
        format!(
            "{now} {name}: {state}; {next}{}\n",
            error.unwrap_or_default()
        )
    };
    let lines: String = lives.iter().map(line).collect();
    printable(&lines)
}
