//! README.md of the crate: its table of commands, and its reference of the configuration.

use std::collections::BTreeSet;

use crate::billing::Billing;
use crate::chapter;
use crate::home::Home;

fn readme() -> String {
    let path = chapter::repository().join("crates/vendor-auth-cli/README.md");
    std::fs::read_to_string(path).unwrap()
}

/// Returns what a section has, up to the next one of its level or a higher one.
fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let level = heading.split(' ').next().unwrap();
    let end = (2..=level.len()).filter_map(|level| rest.find(&format!("\n{} ", "#".repeat(level))));
    rest.split_at(end.min().unwrap_or(rest.len())).0
}

/// Returns what is between backquotes.
fn quoted(text: &str) -> BTreeSet<String> {
    text.split('`')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn the_table_of_commands_names_exactly_those_of_help() {
    let billing = Billing::start().await;
    let help = billing.home.run(&["--help"]).ok().to_owned();
    let (_, commands) = help.split_once("Commands:\n").unwrap();
    let (commands, _) = commands.split_once("\n\n").unwrap();
    // A line that begins deeper continues a description.
    let named = commands.lines().filter(|line| !line.starts_with("   "));
    let named = named.filter_map(|line| line.split_whitespace().next());
    let mut named: Vec<_> = named.filter(|name| *name != "help").collect();
    let text = readme();
    let rows = section(&text, "## Commands").lines();
    let rows = rows.filter_map(|line| line.strip_prefix("| `"));
    let mut written: Vec<_> = rows
        .filter_map(|row| row.split([' ', '`']).next())
        .collect();
    named.sort_unstable();
    written.sort_unstable();
    assert_eq!(written, named);
}

/// Returns the keys that a section of the configuration may have, as the command lists them.
fn keys(section: &str) -> BTreeSet<String> {
    let home = Home::with(&format!("{section}\nno_such_key = 1\n"));
    let ran = home.run(&["token", "demo"]);
    let (_, keys) = ran.failed(78).split_once("expected ").unwrap();
    quoted(keys)
}

#[track_caller]
fn assert_written(heading: &str, keys: &BTreeSet<String>) {
    let text = readme();
    let written = quoted(section(&text, heading));
    let missing: Vec<_> = keys.difference(&written).collect();
    assert!(missing.is_empty(), "{heading}: {missing:?}");
}

#[test]
fn the_reference_has_each_key_of_each_vendor() {
    for (vendor, heading) in [
        ("oauth2", "#### OAuth 2.0"),
        ("quectel-access-key", "#### Quectel, access key"),
        ("quectel-end-user", "#### Quectel, end user"),
        ("enos-apim", "#### EnOS"),
        ("private-cloud", "#### Private cloud"),
    ] {
        let keys = keys(&format!("[profiles.demo]\nvendor = \"{vendor}\""));
        assert!(keys.len() > 3, "{keys:?}");
        assert_written(heading, &keys);
    }
}

#[test]
fn the_reference_has_each_key_of_a_nested_table() {
    for table in ["paths", "fields", "codes"] {
        let profile =
            format!("[profiles.demo]\nvendor = \"private-cloud\"\n[profiles.demo.{table}]");
        assert_written("#### Private cloud", &keys(&profile));
    }
    assert_written("### The store", &keys("[store]\n[store.sealing]"));
}

#[test]
fn the_reference_has_each_key_of_the_store_and_of_http() {
    assert_written("### The store", &keys("[store]"));
    assert_written("### HTTP", &keys("[http]"));
}

#[test]
fn the_reference_has_each_vendor() {
    let home = Home::with("[profiles.demo]\nvendor = \"\"\n");
    let ran = home.run(&["token", "demo"]);
    let (_, names) = ran.failed(78).split_once("write ").unwrap();
    let names = names.split('"').skip(1).step_by(2).map(str::to_owned);
    assert_written("## Configuration", &names.collect());
}

#[tokio::test]
async fn the_exit_codes_are_those_of_help() {
    let billing = Billing::start().await;
    let help = billing.home.run(&["--help"]).ok().to_owned();
    let (_, codes) = help.split_once("Exit codes: ").unwrap();
    let is_code = |word: &&str| word.parse::<u8>().is_ok();
    let text = readme();
    let table = section(&text, "## Exit codes");
    for code in codes.split([' ', ',', '\n']).filter(is_code) {
        assert!(table.contains(&format!("\n| {code} | ")), "{code}");
    }
}
