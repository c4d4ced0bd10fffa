//! The page around the tables: the machine, the date, and what each crate does.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use crate::chart;
use crate::locked;
use crate::peer::Kind;
use crate::peers;
use crate::report::{Table, wrapped};

/// Describes the machine in one line.
pub fn describe(is_quick: bool) -> String {
    let processors = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processors
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model
        .unwrap_or("unknown processor")
        .trim_start_matches(['\t', ':', ' ']);
    let threads = available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or_default();
    let quick = if is_quick { ", --quick" } else { "" };
    format!(
        "{}, {model}, {threads} threads, {}, {}, load {load}{quick}",
        output("date", &["-u", "+%Y-%m-%d"]),
        output("uname", &["-sr"]),
        output("rustc", &["--version"]),
    )
}

fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    let text = output.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|_| format!("no {program}"))
}

/// Returns the whole page.
pub fn page(machine: &str, tables: &[Table]) -> String {
    let [introduction, machine] = [INTRODUCTION, machine].map(wrapped);
    let mut page = format!("# Measured beside other crates\n\n{introduction}\n\n{machine}.\n\n");
    page += "| | version | its users call | expiry |\n|---|---|---|---|\n";
    for about in peers::all().into_iter().map(|entry| entry.about) {
        let version = match about.kind {
            Kind::Limit => None,
            _ => locked::version(about.name),
        };
        let version = version.unwrap_or("–");
        _ = writeln!(
            page,
            "| {} | {version} | {} | {} |",
            about.name, about.call, about.expiry
        );
    }
    for table in tables {
        _ = write!(page, "\n{}", table.markdown());
        if let Some(chart) = chart::shown(table) {
            _ = writeln!(page, "\n{chart}");
        }
    }
    page
}

const INTRODUCTION: &str = "\
    `cargo xtask bench --publish` has written this page: this project and published crates in one \
    run, with one token server on the same machine, each as its users use it. The numbers depend \
    on the machine; compare them within a table. `oauth2` has no cache, so it is measured in a \
    lock written by hand; `aws-smithy-runtime` and `reqsign-core` cache what a provider of one's \
    own brings. Where a crate hands out a text, a header is made of it as reqwest's `bearer_auth` \
    does. The rows named *limit* get a token once and do nothing about its end.";
