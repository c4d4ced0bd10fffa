//! Many tokens that are due at once, beside a loop of bare requests.

mod no_network;
mod refreshing;

use std::time::Duration;

use oauth2_refresh::token_core::Rotation;

use self::refreshing::{AT_A_TIME, Case, Done};
use super::clients::Over;
use super::{Effort, median};
use crate::peer::Error;
use crate::report::{Cell, Row, Table};
use crate::setting::Setting;

/// What a token server takes at least that reads and writes a database.
const A_REAL_SERVER: Duration = Duration::from_millis(5);

/// About what our engine takes for an exchange without a network.
const COMPUTING: Duration = Duration::from_micros(15);

const COLUMNS: [&str; 4] = ["", "exchanges a second", "of the bare loop, %", "errors"];

pub async fn measure(setting: &Setting, effort: Effort) -> Result<[Table; 2], Error> {
    let at_once = at_a_server_that_answers_at_once(setting, effort).await?;
    setting.server.set_delay(A_REAL_SERVER);
    let in_time = at_a_server_that_takes_time(setting, effort).await?;
    setting.server.set_delay(Duration::ZERO);
    Ok([at_once, in_time])
}

/// Refreshes a pool over plain http, and nothing else.
pub async fn pool_alone(setting: &Setting, effort: Effort) -> Result<(), Error> {
    let done = case(setting, effort, &setting.origin, Rotation::Idempotent);
    match done.pool().await?.errors {
        0 => Ok(()),
        errors => Err(format!("{errors} tokens were not refreshed").into()),
    }
}

async fn at_a_server_that_answers_at_once(
    setting: &Setting,
    effort: Effort,
) -> Result<Table, Error> {
    let [plain, tls] = [&setting.origin, &setting.tls_origin];
    let idempotent = |origin| case(setting, effort, origin, Rotation::Idempotent);
    let single_use = case(setting, effort, plain, Rotation::SingleUse);
    let kept = compared(idempotent(plain), "connections kept", effort).await?;
    let kept_tls = compared(idempotent(tls), "connections kept, TLS", effort).await?;
    let one_each = compared(single_use, "a connection each", effort).await?;
    let mut rows = [kept, kept_tls, one_each].concat();
    rows.extend(limits(idempotent(plain), effort).await?);
    let [label, rate, ratio, errors] = COLUMNS;
    Ok(Table {
        title: "A fleet",
        note: format!(
            "{} tokens are due at once; {AT_A_TIME} tasks refresh them, on the same runtime, over \
            plain http unless the row says TLS. The median of {} rounds, in which each is compared \
            with the bare loop just before it. The server answers at once, on the same two \
            processors, so that the table shows what computing costs. Our clients and the pool let \
            64 requests be under way per host. The pool's accounts are at rest before. The limits \
            show what is possible: our client without an engine, the bare loop with as much \
            computing after each request as our engine does, and the engine without a network. \
            `cargo xtask bench --flame` draws [where the pool's time goes](bench-fleet.svg), with \
            `HyperClient` over plain http.",
            effort.fleet(),
            effort.fleet_rounds(),
        ),
        columns: vec![label, rate, ratio, errors, "made in, s"],
        rows,
    })
}

/// Returns the rows of the bare loop, and of our ways to refresh so many.
async fn compared(case: Case<'_>, connections: &str, effort: Effort) -> Result<[Row; 4], Error> {
    let ours = |what, over| ours(what, over, connections, case.rotation);
    let labels = [
        bare_named(connections),
        ours("a `TokenCache` each", Over::Hyper),
        ours("one `TokenPool`", Over::Hyper),
        ours("one `TokenPool`", Over::Reqwest),
    ];
    let (mut turns, mut made_in) = (labels.map(Turns::of), Vec::new());
    for _ in 0..effort.fleet_rounds() {
        let bare = case.bare(Duration::ZERO).await?;
        let (caches, making) = case.caches().await?;
        let pool = case.pool().await?;
        let over_reqwest = case.over(Over::Reqwest).pool().await?;
        take_all(
            &mut turns,
            [&bare, &caches, &pool, &over_reqwest],
            case.size,
        );
        made_in.push(making.as_secs_f64());
    }
    let mut rows = turns.map(Turns::row);
    let making = Cell::Number(median(made_in), 2);
    let making = [Cell::none(), making, Cell::none(), Cell::none()];
    for (row, making) in rows.iter_mut().zip(making) {
        row.cells.push(making);
    }
    Ok(rows)
}

/// Returns what limits the rows of this case.
async fn limits(case: Case<'_>, effort: Effort) -> Result<[Row; 3], Error> {
    let client = format!("limit: {} in a loop, connections kept", case.over.name());
    let computing = format!(
        "limit: {}, and {} µs of computing",
        bare_named("connections kept"),
        COMPUTING.as_micros(),
    );
    let engine = "limit: **token-cache**, one `TokenPool`, no network".to_owned();
    let mut turns = [String::new(), client, computing, engine].map(Turns::of);
    for _ in 0..effort.fleet_rounds() {
        let bare = case.bare(Duration::ZERO).await?;
        let client = case.client().await?;
        let computing = case.bare(COMPUTING).await?;
        let engine = case.pool_without_network().await?;
        take_all(&mut turns, [&bare, &client, &computing, &engine], case.size);
    }
    let [_, rows @ ..] = turns.map(Turns::row);
    Ok(rows.map(|mut row| {
        row.cells.push(Cell::none());
        row
    }))
}

/// What is said of one kind, from several rounds.
struct Turns {
    label: String,
    rates: Vec<f64>,
    /// Of the bare loop of the same round, in percent.
    shares: Vec<f64>,
    errors: usize,
}

/// Takes one round, which the bare loop has begun.
fn take_all<const N: usize>(turns: &mut [Turns; N], done: [&Done; N], size: usize) {
    let rates = done.map(|done| size as f64 / done.time.as_secs_f64());
    for ((turns, done), rate) in turns.iter_mut().zip(done).zip(rates) {
        turns.rates.push(rate);
        turns.shares.push(rate / rates[0] * 100.0);
        turns.errors += done.errors;
    }
}

impl Turns {
    fn of(label: String) -> Self {
        Self {
            label,
            rates: Vec::new(),
            shares: Vec::new(),
            errors: 0,
        }
    }

    fn row(self) -> Row {
        Row {
            label: self.label,
            cells: vec![
                Cell::Number(median(self.rates), 0),
                Cell::Number(median(self.shares), 0),
                Cell::Number(self.errors as f64, 0),
            ],
        }
    }
}

async fn at_a_server_that_takes_time(setting: &Setting, effort: Effort) -> Result<Table, Error> {
    let [plain, tls] = [&setting.origin, &setting.tls_origin];
    let cases = [
        ("connections kept", plain, Rotation::Idempotent),
        ("connections kept, TLS", tls, Rotation::Idempotent),
        ("a connection each", plain, Rotation::SingleUse),
        ("a connection each, TLS", tls, Rotation::SingleUse),
    ];
    let mut rows = Vec::new();
    for (connections, origin, rotation) in cases {
        let case = Case {
            cap: Some(AT_A_TIME),
            ..case(setting, effort, origin, rotation)
        };
        let bare = case.bare(Duration::ZERO).await?;
        let pool = case.pool().await?;
        let over_reqwest = case.over(Over::Reqwest).pool().await?;
        let labels = [
            bare_named(connections),
            ours("one `TokenPool`", Over::Hyper, connections, rotation),
            ours("one `TokenPool`", Over::Reqwest, connections, rotation),
        ];
        let mut turns = labels.map(Turns::of);
        take_all(&mut turns, [&bare, &pool, &over_reqwest], case.size);
        rows.extend(turns.map(Turns::row));
    }
    Ok(Table {
        title: "A fleet, at a server that takes its time",
        note: format!(
            "The same, once, at a server that takes {} ms for an answer. Our clients and the pool let \
            {AT_A_TIME} requests be under way, as many as the bare loop.",
            A_REAL_SERVER.as_millis(),
        ),
        columns: COLUMNS.to_vec(),
        rows,
    })
}

fn case<'a>(setting: &'a Setting, effort: Effort, origin: &'a str, rotation: Rotation) -> Case<'a> {
    Case {
        setting,
        origin,
        rotation,
        over: Over::Hyper,
        cap: None,
        size: effort.fleet(),
    }
}

fn bare_named(connections: &str) -> String {
    format!("reqwest in a loop, {connections}")
}

fn ours(what: &str, over: Over, connections: &str, rotation: Rotation) -> String {
    let tls = if connections.ends_with("TLS") {
        ", TLS"
    } else {
        ""
    };
    let over = over.name();
    format!("**token-cache**, {what}, {over}, `{rotation:?}`{tls}")
}
