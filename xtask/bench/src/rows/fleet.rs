//! Many tokens that are due at once, beside a loop of bare requests.

mod no_network;
mod refreshing;

use std::time::Duration;

use oauth2_refresh::token_core::Rotation;

use self::refreshing::{AT_A_TIME, Case, Done};
use super::Effort;
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
    let (bare, kept) = compared(idempotent(plain), "connections kept", effort).await?;
    let (_, kept_tls) = compared(idempotent(tls), "connections kept, TLS", effort).await?;
    let (_, one_each) = compared(single_use, "a connection each", effort).await?;
    let mut rows = [kept, kept_tls, one_each].concat();
    rows.extend(limits(idempotent(plain), &bare, effort).await?);
    let [label, rate, ratio, errors] = COLUMNS;
    Ok(Table {
        title: "A fleet",
        note: format!(
            "{} tokens are due at once; {AT_A_TIME} tasks refresh them, on the same runtime, over \
            plain http unless the row says TLS. The server answers at once, on the same two \
            processors, so that the table shows what computing costs. `ReqwestClient` and the pool \
            let 64 requests be under way per host. The pool's accounts are at rest before. The \
            limits show what is possible: the bare loop with as much computing after each request \
            as our engine does, and the engine without a network. `cargo xtask bench --flame` draws \
            [where the pool's time goes](bench-fleet.svg), over plain http.",
            effort.fleet(),
        ),
        columns: vec![label, rate, ratio, errors, "made in, s"],
        rows,
    })
}

/// Returns the rows of the bare loop, and of our two ways to refresh so many; and what the bare
/// loop took.
async fn compared(
    case: Case<'_>,
    connections: &str,
    effort: Effort,
) -> Result<(Done, [Row; 3]), Error> {
    let bare = case.bare(Duration::ZERO).await?;
    let (caches, making) = case.caches().await?;
    let pool = case.pool().await?;
    let making = Cell::Number(making.as_secs_f64(), 2);
    let of = |label, done, making| row(label, done, &bare, effort, Some(making));
    let ours = |what| ours(what, connections, case.rotation);
    let rows = [
        of(bare_named(connections), &bare, Cell::none()),
        of(ours("a `TokenCache` each"), &caches, making),
        of(ours("one `TokenPool`"), &pool, Cell::none()),
    ];
    Ok((bare, rows))
}

/// Returns what limits the rows of which this is the bare loop.
async fn limits(case: Case<'_>, bare: &Done, effort: Effort) -> Result<[Row; 2], Error> {
    let computing = case.bare(COMPUTING).await?;
    let engine = case.pool_without_network().await?;
    let computing_label = format!(
        "limit: {}, and {} µs of computing",
        bare_named("connections kept"),
        COMPUTING.as_micros(),
    );
    let engine_label = "limit: **token-cache**, one `TokenPool`, no network".to_owned();
    let of = |label, done| row(label, done, bare, effort, Some(Cell::none()));
    Ok([of(computing_label, &computing), of(engine_label, &engine)])
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
        let of = |label, done| row(label, done, &bare, effort, None);
        rows.push(of(bare_named(connections), &bare));
        rows.push(of(ours("one `TokenPool`", connections, rotation), &pool));
    }
    Ok(Table {
        title: "A fleet, at a server that takes its time",
        note: format!(
            "The same, at a server that takes {} ms for an answer. `ReqwestClient` and the pool let \
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
        cap: None,
        size: effort.fleet(),
    }
}

fn bare_named(connections: &str) -> String {
    format!("reqwest in a loop, {connections}")
}

fn ours(what: &str, connections: &str, rotation: Rotation) -> String {
    let tls = if connections.ends_with("TLS") {
        ", TLS"
    } else {
        ""
    };
    format!("**token-cache**, {what}, `{rotation:?}`{tls}")
}

fn row(label: String, done: &Done, bare: &Done, effort: Effort, making: Option<Cell>) -> Row {
    let rate = |done: &Done| effort.fleet() as f64 / done.time.as_secs_f64();
    let mut cells = vec![
        Cell::Number(rate(done), 0),
        Cell::Number(rate(done) / rate(bare) * 100.0, 0),
        Cell::Number(done.errors as f64, 0),
    ];
    cells.extend(making);
    Row { label, cells }
}
