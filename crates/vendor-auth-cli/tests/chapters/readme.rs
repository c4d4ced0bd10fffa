//! README.md of the crate: its table of commands, and its exit codes.

use crate::billing::Billing;
use crate::chapter::{self, section};

fn readme() -> String {
    let path = chapter::repository().join("crates/vendor-auth-cli/README.md");
    std::fs::read_to_string(path).unwrap()
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
