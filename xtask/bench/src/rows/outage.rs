//! The server is away while a token still lives, and after it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::{label, millis};
use crate::peer::{Candidate, Error};
use crate::peers;
use crate::report::{Cell, Row, Table};
use crate::setting::{Setting, end_of, unix_millis};

const LIFE: Duration = Duration::from_secs(12);
const AFTER: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);
const PATIENCE: Duration = Duration::from_secs(10);

pub async fn measure(setting: &Setting) -> Result<Table, Error> {
    setting.server.set_life(LIFE);
    let mut watched = Vec::new();
    for entry in peers::real() {
        // What a process does once would count as part of the token's life.
        entry.build(setting).await?.header().await?;
        let candidate = entry.build(setting).await?;
        let end = end_of(&candidate.header().await?);
        watched.push((entry, candidate, end));
    }
    setting.server.set_away(true);
    // All at the same time: they wait most of it.
    let watched = watched.into_iter();
    let watched: Vec<_> = watched
        .map(|(entry, candidate, end)| (entry, tokio::spawn(watch(candidate, end))))
        .collect();
    let mut rows = Vec::new();
    for (entry, watching) in watched {
        rows.push(Row {
            label: label(&entry),
            cells: watching.await?.cells(),
        });
    }
    setting.server.set_away(false);
    setting.server.set_life(Duration::from_secs(3600));
    tokio::time::sleep(AFTER).await; // pauses between attempts end
    Ok(Table {
        title: "The token server is away",
        note: format!(
            "A token lives for {} s, and the server cuts every connection from its issue on. One \
            caller asks every {} ms, also for {} s after the token's end. Each crate is in its \
            refresh window for some of that time.",
            LIFE.as_secs(),
            PAUSE.as_millis(),
            AFTER.as_secs(),
        ),
        columns: vec![
            "",
            "errors while it lives",
            "longest wait while it lives, ms",
            "expired tokens handed out",
        ],
        rows,
    })
}

#[derive(Debug, Default)]
struct Seen {
    calls: usize,
    errors: usize,
    longest: Duration,
    late_calls: usize,
    expired: usize,
}

async fn watch(candidate: Arc<dyn Candidate>, end: u128) -> Seen {
    let mut seen = Seen::default();
    while unix_millis() < end + AFTER.as_millis() {
        let began = Instant::now();
        let answer = tokio::time::timeout(PATIENCE, candidate.header()).await;
        let header = answer.ok().and_then(Result::ok);
        // A call that began in the last moment may end after the token.
        if unix_millis() < end {
            seen.calls += 1;
            seen.errors += usize::from(header.is_none());
            seen.longest = seen.longest.max(began.elapsed());
        } else {
            seen.late_calls += 1;
            seen.expired += usize::from(header.is_some());
        }
        tokio::time::sleep(PAUSE).await;
    }
    seen
}

impl Seen {
    fn cells(&self) -> Vec<Cell> {
        vec![
            format!("{} of {}", self.errors, self.calls).into(),
            Cell::Number(millis(self.longest), 1),
            format!("{} of {}", self.expired, self.late_calls).into(),
        ]
    }
}
