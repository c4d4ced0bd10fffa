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
            with the mean of the bare loop just before and just after it. The server answers at \
            once, on the same two processors, so that the table shows what computing costs. Our clients and the pool let \
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
    let ours = |what, over| Turns::of(ours(what, over, connections, case.rotation));
    let mut caches = ours("a `TokenCache` each", Over::Hyper);
    let mut pool = ours("one `TokenPool`", Over::Hyper);
    let mut over_reqwest = ours("one `TokenPool`", Over::Reqwest);
    let (mut bare, mut made_in) = (Bare::begin(case, connections).await?, Vec::new());
    for _ in 0..effort.fleet_rounds() {
        let (done, making) = case.caches().await?;
        bare.compare(&mut caches, &done).await?;
        bare.compare(&mut pool, &case.pool().await?).await?;
        let done = case.over(Over::Reqwest).pool().await?;
        bare.compare(&mut over_reqwest, &done).await?;
        made_in.push(making.as_secs_f64());
    }
    let turns = [bare.turns, caches, pool, over_reqwest];
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
    let mut turns = [client, computing, engine].map(Turns::of);
    let [client, computing, engine] = &mut turns;
    let mut bare = Bare::begin(case, "connections kept").await?;
    for _ in 0..effort.fleet_rounds() {
        bare.compare(client, &case.client().await?).await?;
        bare.compare(computing, &case.bare(COMPUTING).await?)
            .await?;
        let done = case.pool_without_network().await?;
        bare.compare(engine, &done).await?;
    }
    let rows = turns.map(Turns::row);
    Ok(rows.map(|mut row| {
        row.cells.push(Cell::none());
        row
    }))
}

/// What is said of one kind, from several rounds.
struct Turns {
    label: String,
    rates: Vec<f64>,
    /// Of the bare loop beside it, in percent.
    shares: Vec<f64>,
    errors: usize,
}

/// The bare loop, which runs before and after each of the others.
struct Bare<'a> {
    case: Case<'a>,
    turns: Turns,
    /// Exchanges a second.
    before: f64,
}

impl<'a> Bare<'a> {
    async fn begin(case: Case<'a>, connections: &str) -> Result<Self, Error> {
        let turns = Turns::of(bare_named(connections));
        let mut bare = Self {
            case,
            turns,
            before: 0.0,
        };
        bare.before = bare.run().await?;
        Ok(bare)
    }

    /// Takes what another one has done just now, beside this loop before and after it.
    async fn compare(&mut self, other: &mut Turns, done: &Done) -> Result<(), Error> {
        let before = self.before;
        self.before = self.run().await?;
        other.take(done, self.case.size, f64::midpoint(before, self.before));
        Ok(())
    }

    async fn run(&mut self) -> Result<f64, Error> {
        let done = self.case.bare(Duration::ZERO).await?;
        let rate = done.rate(self.case.size);
        self.turns.take(&done, self.case.size, rate);
        Ok(rate)
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

    /// Takes one turn, beside the rate of the bare loop. Says so: all turns take half an hour.
    fn take(&mut self, done: &Done, size: usize, bare: f64) {
        let (rate, label) = (done.rate(size), &self.label);
        let share = rate / bare * 100.0;
        eprintln!("  {label}: {rate:.0} a second, {share:.0} %");
        self.rates.push(rate);
        self.shares.push(share);
        self.errors += done.errors;
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
        let ours = |over| Turns::of(ours("one `TokenPool`", over, connections, rotation));
        let [mut pool, mut over_reqwest] = [Over::Hyper, Over::Reqwest].map(ours);
        let mut bare = Bare::begin(case, connections).await?;
        bare.compare(&mut pool, &case.pool().await?).await?;
        let done = case.over(Over::Reqwest).pool().await?;
        bare.compare(&mut over_reqwest, &done).await?;
        rows.extend([bare.turns, pool, over_reqwest].map(Turns::row));
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
