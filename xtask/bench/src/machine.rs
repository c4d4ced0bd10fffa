//! The page around the tables: the machine, the date, and what each crate does.

use std::fmt::Write as _;
use std::fs;
use std::process::Command;
use std::thread::available_parallelism;

use crate::chart;
use crate::locked;
use crate::peer::{Error, Kind};
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
    page += &candidates();
    for table in tables {
        page += &section(table, None);
    }
    page
}

/// Returns the published page with these tables in the place of those with the same titles. They
/// say when they were measured.
///
/// # Errors
///
/// If the page has other versions, or no such table.
pub fn with_tables(published: &str, machine: &str, tables: &[Table]) -> Result<String, Error> {
    if !published.contains(&candidates()) {
        return Err("the published page has other crates or versions: publish all tables".into());
    }
    let mut page = published.to_owned();
    for table in tables {
        let missing = || format!("the published page has no table \"{}\"", table.title);
        let start = page.find(&format!("\n## {}\n", table.title));
        let start = start.ok_or_else(missing)?;
        let length = page[start + 1..].find("\n## ");
        let end = length.map_or(page.len(), |length| start + 1 + length);
        page.replace_range(start..end, &section(table, Some(machine)));
    }
    Ok(page)
}

fn section(table: &Table, measured_alone: Option<&str>) -> String {
    let mut section = format!("\n{}", table.markdown());
    if let Some(machine) = measured_alone {
        let machine = wrapped(&format!("Measured later: {machine}."));
        _ = write!(section, "\n{machine}\n");
    }
    if let Some(chart) = chart::shown(table) {
        _ = writeln!(section, "\n{chart}");
    }
    section
}

/// Returns the table of what is compared.
fn candidates() -> String {
    let mut table = "| | version | its users call | expiry |\n|---|---|---|---|\n".to_owned();
    for about in peers::all().into_iter().map(|entry| entry.about) {
        let version = match about.kind {
            Kind::Limit => None,
            _ => locked::version(about.name),
        };
        let version = version.unwrap_or("–");
        _ = writeln!(
            table,
            "| {} | {version} | {} | {} |",
            about.name, about.call, about.expiry
        );
    }
    table
}

const INTRODUCTION: &str = "\
    `cargo xtask bench --publish` has written this page: this project and published crates in one \
    run, with one token server on the same machine, each as its users use it. The numbers depend \
    on the machine; compare them within a table. `oauth2` has no cache, so it is measured in a \
    lock written by hand; `aws-smithy-runtime` and `reqsign-core` cache what a provider of one's \
    own brings. Where a crate hands out a text, a header is made of it as reqwest's `bearer_auth` \
    does. The rows named *limit* get a token once and do nothing about its end.";

#[cfg(test)]
mod tests {
    use super::{page, with_tables};
    use crate::report::{Cell, Row, Table};

    fn table(title: &'static str, number: f64) -> Table {
        let row = Row {
            label: "ours".to_owned(),
            cells: vec![Cell::Number(number, 0)],
        };
        Table {
            title,
            note: "Of one.".to_owned(),
            columns: vec!["", "ns"],
            rows: vec![row],
        }
    }

    #[test]
    fn a_table_that_is_published_later_takes_the_place_of_its_own() {
        let published = page(
            "then",
            &[table("A", 1.0), table("A B", 2.0), table("C", 3.0)],
        );
        for (title, others) in [("A", [2.0, 3.0]), ("A B", [1.0, 3.0]), ("C", [1.0, 2.0])] {
            let page = with_tables(&published, "now", &[table(title, 9.0)]).unwrap();
            let section = format!(
                "\n## {title}\n\nOf one.\n\n|  | ns |\n|---|---:|\n| ours | 9 |\n\nMeasured later: now.\n"
            );
            assert!(page.contains(&section), "{page}");
            assert_eq!(page.matches("\n## ").count(), 3);
            assert!(
                others
                    .iter()
                    .all(|other| page.contains(&format!("| ours | {other} |")))
            );
            let again = with_tables(&page, "now", &[table(title, 9.0)]).unwrap();
            assert_eq!(again, page);
        }
    }

    #[test]
    fn a_table_is_not_published_on_a_page_that_has_none_or_other_versions() {
        let published = page("then", &[table("A", 1.0)]);
        with_tables(&published, "now", &[table("B", 1.0)]).unwrap_err();
        let older = published.replace("| 0.3.2 |", "| 0.3.1 |");
        assert_ne!(older, published);
        with_tables(&older, "now", &[table("A", 1.0)]).unwrap_err();
    }
}
