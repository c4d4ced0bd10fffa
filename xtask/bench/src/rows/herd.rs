//! A thousand callers at once, without a token and with one that has expired; and the first caller
//! of several gives up.

use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use super::{Effort, label, median, millis};
use crate::peer::{Candidate, Entry, Error};
use crate::peers;
use crate::report::{Cell, Row, Table};
use crate::setting::{Setting, has_expired};

const CALLERS: usize = 1_000;
/// How long the server takes, so that all callers come meanwhile.
const DELAY: Duration = Duration::from_millis(50);
const PATIENCE: Duration = Duration::from_secs(20);

pub async fn measure(setting: &Setting, effort: Effort) -> Result<Table, Error> {
    setting.server.set_delay(DELAY);
    let mut rows = Vec::new();
    for entry in peers::real() {
        let cold = cold(&entry, setting, effort).await?;
        let expired = expired(&entry, setting).await?;
        rows.push(Row {
            label: label(&entry),
            cells: [cold, expired].concat(),
        });
    }
    setting.server.set_delay(Duration::ZERO);
    setting.server.set_life(Duration::from_secs(3600));
    Ok(Table {
        title: "A thousand callers at once",
        note: format!(
            "{CALLERS} tasks ask at once. The server takes {} ms to answer. *Cold*: there is no \
            token yet; crates that request one when they are set up are set up meanwhile. \
            *Expired*: a token of one second is over for {} ms; tasks that renew have least pauses \
            of up to 30 s, so that they come too late for so short a life.",
            DELAY.as_millis(),
            OVER.as_millis(),
        ),
        columns: vec![
            "",
            "cold: requests",
            "ms",
            "errors",
            "expired: requests",
            "until all have one, ms",
            "failed callers",
            "expired tokens handed out",
        ],
        rows,
    })
}

/// What a crowd got.
#[derive(Debug, Default)]
struct Crowd {
    time: Duration,
    requests: u64,
    errors: usize,
    expired: usize,
}

async fn crowd(candidate: &Arc<dyn Candidate>, setting: &Setting) -> Result<Crowd, Error> {
    let mut callers = JoinSet::new();
    let began = Instant::now();
    for _ in 0..CALLERS {
        let candidate = candidate.clone();
        callers.spawn(async move { tokio::time::timeout(PATIENCE, candidate.header()).await });
    }
    let mut crowd = Crowd::default();
    while let Some(answer) = callers.join_next().await {
        match answer? {
            Ok(Ok(header)) => crowd.expired += usize::from(has_expired(&header)),
            Ok(Err(_)) | Err(_) => crowd.errors += 1,
        }
    }
    crowd.time = began.elapsed();
    crowd.requests = setting.server.take_count();
    Ok(crowd)
}

async fn cold(entry: &Entry, setting: &Setting, effort: Effort) -> Result<Vec<Cell>, Error> {
    setting.server.set_life(Duration::from_secs(3600));
    let (mut times, mut requests, mut errors) = (Vec::new(), 0, 0);
    for _ in 0..if effort.quick { 3 } else { 7 } {
        setting.server.take_count();
        let began = Instant::now();
        let candidate = entry.build(setting).await?;
        let is_early = setting.server.count() > 0;
        let setting_up = if is_early {
            began.elapsed()
        } else {
            Duration::ZERO
        };
        let crowd = crowd(&candidate, setting).await?;
        times.push(millis(crowd.time + setting_up));
        requests = requests.max(crowd.requests);
        errors = errors.max(crowd.errors);
    }
    Ok(vec![
        Cell::Number(requests as f64, 0),
        Cell::Number(median(times), 0),
        Cell::Number(errors as f64, 0),
    ])
}

const OVER: Duration = Duration::from_millis(200);

async fn expired(entry: &Entry, setting: &Setting) -> Result<Vec<Cell>, Error> {
    setting.server.set_life(Duration::from_secs(1));
    let candidate = entry.build(setting).await?;
    candidate.header().await?;
    tokio::time::sleep(Duration::from_secs(1) + OVER).await;
    setting.server.take_count();
    setting.server.set_life(Duration::from_secs(3600));
    let crowd = crowd(&candidate, setting).await?;
    Ok(vec![
        Cell::Number(crowd.requests as f64, 0),
        Cell::Number(millis(crowd.time), 0),
        Cell::Number(crowd.errors as f64, 0),
        Cell::Number(crowd.expired as f64, 0),
    ])
}

const FOLLOWERS: usize = 10;
/// The first caller gives up when the server has its request and takes this long.
const LONG_DELAY: Duration = Duration::from_millis(400);

pub async fn first_caller_dropped(setting: &Setting) -> Result<Table, Error> {
    setting.server.set_delay(LONG_DELAY);
    let mut rows = Vec::new();
    for entry in peers::real() {
        rows.push(Row {
            label: label(&entry),
            cells: dropped(&entry, setting).await?,
        });
    }
    setting.server.set_delay(Duration::ZERO);
    Ok(Table {
        title: "The first caller gives up",
        note: format!(
            "The server takes {} ms. The first caller's future is dropped while its request is \
            under way and {FOLLOWERS} others wait for the same token.",
            LONG_DELAY.as_millis(),
        ),
        columns: vec![
            "",
            "others with a token",
            "requests",
            "ms, from the first call",
        ],
        rows,
    })
}

async fn dropped(entry: &Entry, setting: &Setting) -> Result<Vec<Cell>, Error> {
    setting.server.take_count();
    let candidate = entry.build(setting).await?;
    if setting.server.count() > 0 {
        return Ok(vec![
            "first token when set up".into(),
            Cell::none(),
            Cell::none(),
        ]);
    }
    let began = Instant::now();
    let first = spawn_caller(&candidate);
    while setting.server.count() == 0 {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    let others: Vec<_> = (0..FOLLOWERS).map(|_| spawn_caller(&candidate)).collect();
    tokio::time::sleep(LONG_DELAY / 4).await;
    first.abort();
    let mut served = 0;
    for other in others {
        served += usize::from(other.await?);
    }
    Ok(vec![
        format!("{served} of {FOLLOWERS}").into(),
        Cell::Number(setting.server.take_count() as f64, 0),
        Cell::Number(millis(began.elapsed()), 0),
    ])
}

/// The task returns whether it got a token.
fn spawn_caller(candidate: &Arc<dyn Candidate>) -> tokio::task::JoinHandle<bool> {
    let candidate = candidate.clone();
    tokio::spawn(async move {
        let answer = tokio::time::timeout(PATIENCE, candidate.header()).await;
        matches!(answer, Ok(Ok(_)))
    })
}
