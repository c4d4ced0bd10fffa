//! `cargo xtask bench`, see `lib.rs`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use bench::machine::with_tables;
use bench::peer::{Call, Error};
use bench::report::Table;
use bench::rows::{self, Effort};
use bench::server::Server;
use bench::setting::{self, Setting};
use bench::{chart, flame, peers};
use clap::{Parser, ValueEnum};
use rcgen::{KeyPair, PKCS_RSA_SHA256, RsaKeySize};
use serde_json::json;
use tokio::runtime::{Builder, Runtime};

/// Measures this project beside published crates, against one token server on this machine.
#[derive(Debug, Parser)]
struct Arguments {
    /// In minutes: fewer rounds, no instructions, no build times.
    #[arg(long)]
    quick: bool,
    /// Only these tables.
    #[arg(long, value_enum, value_delimiter = ',')]
    tables: Vec<Part>,
    /// Also writes `docs/BENCH.md` and its charts. With `--tables`, only these are replaced.
    #[arg(long)]
    publish: bool,
    /// Draws a flame graph of the fleet instead, with perf; `--publish` puts it beside the page.
    #[arg(long, conflicts_with = "tables")]
    flame: bool,
    /// Calls one crate and prints nothing, for valgrind.
    #[arg(long, hide = true)]
    only: Option<String>,
    #[arg(long, hide = true, value_enum, default_value = "token")]
    call: Call,
    #[arg(long, hide = true, default_value_t = 1)]
    calls: u32,
    /// Refreshes with one of those that are compared, and prints nothing, for valgrind.
    #[arg(long, hide = true)]
    refresher: Option<usize>,
    #[arg(long, hide = true)]
    over_tls: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    Token,
    Instructions,
    Herd,
    Dropped,
    Outage,
    Exchange,
    Memory,
    Pool,
    Fleet,
    Packages,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match std::env::var_os(setting::CONTROL) {
        None => serve_and_measure(&arguments),
        Some(_) => measure(&arguments).map(|()| ExitCode::SUCCESS),
    };
    done.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}

/// Starts the server in this process, and this program again to measure.
fn serve_and_measure(arguments: &Arguments) -> Result<ExitCode, Error> {
    let runtime = runtime(1)?;
    let server = runtime.block_on(Server::start())?;
    let rsa_key = KeyPair::generate_rsa_for(&PKCS_RSA_SHA256, RsaKeySize::_2048)?;
    let mut measuring = match arguments.flame {
        true => flame::recording(&results()?)?,
        false => Command::new(std::env::current_exe()?),
    };
    for proxy in [
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "HTTP_PROXY",
        "HTTPS_PROXY",
        "ALL_PROXY",
    ] {
        measuring.env_remove(proxy);
    }
    let status = measuring
        .args(std::env::args_os().skip(1))
        .env(
            setting::IDENTITY_ENDPOINT,
            format!("{}/identity", server.plain),
        )
        .env(setting::IDENTITY_HEADER, "secret")
        .env(setting::PLAIN, &server.plain)
        .env(setting::TLS, &server.tls)
        .env(setting::CONTROL, &server.control)
        .env(setting::ROOT, &server.root_certificate)
        .env(setting::RSA_KEY, rsa_key.serialize_pem())
        .status()?;
    if !status.success() {
        return Ok(ExitCode::FAILURE);
    }
    if arguments.flame {
        draw_flame(arguments)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn draw_flame(arguments: &Arguments) -> Result<(), Error> {
    let picture = flame::draw(&results()?)?;
    if arguments.publish {
        fs::copy(&picture, docs().join(flame::NAME))?;
    }
    println!("written to {}", picture.display());
    Ok(())
}

fn runtime(threads: usize) -> Result<Runtime, Error> {
    Ok(Builder::new_multi_thread()
        .worker_threads(threads)
        .enable_all()
        .build()?)
}

fn measure(arguments: &Arguments) -> Result<(), Error> {
    let setting = Setting::from_environment()?;
    setting::choose_cryptography();
    if let Some(refresher) = arguments.refresher {
        return refresh_with(&setting, refresher, arguments);
    }
    let runtime = runtime(2)?;
    if let Some(name) = &arguments.only {
        return call_one(&runtime, &setting, name, arguments);
    }
    if arguments.flame {
        let effort = Effort {
            quick: arguments.quick,
        };
        return runtime.block_on(rows::fleet::pool_alone(&setting, effort));
    }
    let tables = runtime.block_on(measure_all(&setting, arguments))?;
    write(&tables, arguments)
}

/// Refreshes on one thread: between several, instructions would vary.
fn refresh_with(setting: &Setting, refresher: usize, arguments: &Arguments) -> Result<(), Error> {
    let (over_tls, calls) = (arguments.over_tls, arguments.calls);
    let refreshes = rows::exchange::refresh_with(setting, refresher, over_tls, calls);
    let runtime = Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(refreshes)
}

fn call_one(
    runtime: &Runtime,
    setting: &Setting,
    name: &str,
    arguments: &Arguments,
) -> Result<(), Error> {
    let entries = peers::all();
    let entry = entries
        .iter()
        .find(|entry| entry.about.name == name)
        .ok_or("no such crate")?;
    let candidate = runtime.block_on(async {
        let candidate = entry.build(setting).await?;
        candidate.header().await.map(|_| candidate)
    })?;
    let _runtime = runtime.enter();
    candidate.batch(arguments.call, arguments.calls);
    Ok(())
}

async fn measure_all(setting: &Setting, arguments: &Arguments) -> Result<Vec<Table>, Error> {
    let effort = Effort {
        quick: arguments.quick,
    };
    let mut tables = Vec::new();
    for part in Part::value_variants() {
        if !arguments.tables.is_empty() && !arguments.tables.contains(part) {
            continue;
        }
        eprintln!("{part:?} …");
        match part {
            Part::Token => tables.push(rows::token::measure(setting, effort).await?),
            Part::Instructions if effort.quick && arguments.tables.is_empty() => {}
            Part::Instructions => tables.extend(rows::instructions::measure()),
            Part::Herd => tables.push(rows::herd::measure(setting, effort).await?),
            Part::Dropped => tables.push(rows::herd::first_caller_dropped(setting).await?),
            Part::Outage => tables.push(rows::outage::measure(setting).await?),
            Part::Exchange => {
                tables.push(rows::exchange::measure(setting, effort).await?);
                tables.push(rows::exchange::of_the_peers(setting, effort).await?);
            }
            Part::Memory => tables.push(rows::memory::measure()?),
            Part::Pool => tables.push(rows::pool::measure()?),
            Part::Fleet => tables.extend(rows::fleet::measure(setting, effort).await?),
            Part::Packages => {
                let folder = results()?.join("programs");
                tables.push(rows::packages::measure(effort, &folder)?);
            }
        }
        keep(&tables, arguments.quick)?;
    }
    Ok(tables)
}

fn write(tables: &[Table], arguments: &Arguments) -> Result<(), Error> {
    let (machine, text) = keep(tables, arguments.quick)?;
    let folder = results()?;
    let charts = chart::all(tables, &machine);
    for (name, svg) in &charts {
        fs::write(folder.join(name), svg)?;
    }
    println!("{text}");
    if arguments.publish {
        let page = docs().join("BENCH.md");
        let text = match arguments.tables.is_empty() {
            true => text,
            false => with_tables(&fs::read_to_string(&page)?, &machine, tables)?,
        };
        fs::write(page, text)?;
        for (name, svg) in &charts {
            fs::write(docs().join(name), svg)?;
        }
    }
    println!("written to {}", folder.display());
    Ok(())
}

/// Writes what was measured so far: all of it can take more than an hour. Returns the machine, and
/// the page.
fn keep(tables: &[Table], is_quick: bool) -> Result<(String, String), Error> {
    let machine = bench::machine::describe(is_quick);
    let text = bench::machine::page(&machine, tables);
    let folder = results()?;
    fs::write(folder.join("bench.md"), &text)?;
    let json: Vec<_> = tables.iter().map(Table::json).collect();
    let json = json!({ "machine": machine, "tables": json });
    let json = serde_json::to_string_pretty(&json)?;
    fs::write(folder.join("bench.json"), json)?;
    Ok((machine, text))
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs")
}

/// Returns `target/bench`, beside the folder that this program is in.
fn results() -> Result<PathBuf, Error> {
    let program = std::env::current_exe()?;
    let target = program.ancestors().nth(2).ok_or("no target folder")?;
    let folder = target.join("bench");
    fs::create_dir_all(&folder)?;
    Ok(folder)
}
