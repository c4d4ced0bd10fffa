//! configuration.md: each key that the command reads, and no other.

use std::collections::BTreeSet;
use std::fs;

use crate::billing::Billing;
use crate::chapter::{self, section};
use crate::home::Home;

/// The columns of each table of keys.
const COLUMNS: &str = "\n| key | type | default | meaning |\n";

/// The tables of vendors: what is written there, and the heading of the keys.
const VENDORS: [(&str, &str); 8] = [
    ("oauth2", "## OAuth 2.0"),
    ("bamboocloud", "## OAuth 2.0"),
    ("bamboocloud-tenant", "## OAuth 2.0"),
    ("oneaccess", "## OAuth 2.0"),
    ("quectel-access-key", "## Quectel, access key"),
    ("quectel-end-user", "## Quectel, end user"),
    ("enos-apim", "## EnOS"),
    ("private-cloud", "## Private cloud"),
];

fn page() -> String {
    chapter::read("configuration.md")
}

/// Returns what is between backquotes.
fn quoted(text: &str) -> BTreeSet<String> {
    let quoted = text.split('`').skip(1).step_by(2);
    quoted.map(str::to_owned).collect()
}

/// Returns the keys of the table below a heading.
#[track_caller]
fn written(heading: &str) -> BTreeSet<String> {
    let page = page();
    let (_, table) = section(&page, heading).split_once(COLUMNS).unwrap();
    let rows = table
        .lines()
        .skip(1)
        .take_while(|line| line.starts_with('|'));
    let keys: Vec<_> = rows
        .map(|row| row.split('`').nth(1).unwrap().to_owned())
        .collect();
    let set: BTreeSet<_> = keys.iter().cloned().collect();
    assert_eq!(set.len(), keys.len(), "a key is there twice: {keys:?}");
    set
}

/// Returns the keys that a table of the configuration may have, as the command lists them.
fn read(table: &str) -> BTreeSet<String> {
    let home = Home::with(&format!("{table}\nno_such_key = 1\n"));
    let ran = home.run(&["token", "demo"]);
    let (_, keys) = ran.failed(78).split_once("expected ").unwrap();
    quoted(keys)
}

#[test]
fn each_key_of_a_vendor_is_there_and_no_other() {
    for (vendor, heading) in VENDORS {
        let keys = read(&format!("[profiles.demo]\nvendor = \"{vendor}\""));
        assert_eq!(written(heading), keys, "{vendor}");
    }
    for table in ["paths", "fields", "codes"] {
        let profile =
            format!("[profiles.demo]\nvendor = \"private-cloud\"\n[profiles.demo.{table}]");
        let heading = format!("### `[profiles.NAME.{table}]`");
        assert_eq!(written(&heading), read(&profile), "{table}");
    }
}

#[test]
fn each_key_of_the_store_and_of_http_is_there_and_no_other() {
    assert_eq!(written("## The store"), read("[store]"));
    assert_eq!(
        written("### `[store.sealing]`"),
        read("[store]\n[store.sealing]")
    );
    assert_eq!(written("## HTTP"), read("[http]"));
}

#[test]
fn each_key_of_a_pool_is_there_and_no_other() {
    let pool = read("[profiles.demo]\nvendor = \"oauth2\"\n[profiles.demo.pool]");
    assert_eq!(written("### `[profiles.NAME.pool]`"), pool);
}

#[test]
fn each_key_of_all_profiles_is_there_and_no_other() {
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/src/config/profile.rs");
    let source = fs::read_to_string(source).unwrap();
    let (_, common) = source.split_once("const COMMON: ").unwrap();
    let (common, _) = common
        .split_once(';')
        .map(|(_, rest)| rest)
        .unwrap()
        .split_once(';')
        .unwrap();
    let mut common: BTreeSet<_> = common
        .split('"')
        .skip(1)
        .step_by(2)
        .map(str::to_owned)
        .collect();
    common.extend(["pool", "vendor"].map(str::to_owned));
    assert_eq!(written("## Every profile"), common);
}

#[test]
fn the_vendors_are_those_that_the_command_names() {
    let home = Home::with("[profiles.demo]\nvendor = \"\"\n");
    let ran = home.run(&["token", "demo"]);
    let (_, names) = ran.failed(78).split_once("write ").unwrap();
    let names: BTreeSet<_> = names.split('"').skip(1).step_by(2).collect();
    assert_eq!(names, VENDORS.map(|(name, _)| name).into_iter().collect());
    let page = page();
    let written = section(&page, "## Every profile");
    for name in names {
        assert!(written.contains(&format!("`\"{name}\"`")), "{name}");
    }
}

#[test]
fn each_table_of_keys_is_checked() {
    assert_eq!(page().matches(COLUMNS).count(), 13);
}

#[test]
fn the_forms_of_a_secret_are_those_that_the_command_names() {
    let home = Home::with(
        "[profiles.demo]\nvendor = \"oauth2\"\ntoken_url = \"https://id.example.com\"\n\
         client_id = \"a\"\nclient_secret = \"written\"\n",
    );
    let ran = home.run(&["token", "demo"]);
    let text = ran.failed(78);
    let page = page();
    for kind in ["env", "file", "keyring", "command"] {
        let form = format!("{{ {kind} = ");
        assert!(text.contains(&form), "{text}");
        assert!(section(&page, "## A secret").contains(&form), "{form}");
    }
}

#[tokio::test]
async fn the_example_works() {
    let [example] = chapter::blocks("configuration.md", ["toml"]);
    let billing = Billing::start().await;
    let config = billing.made_real(&example).text;
    billing.write(".config/vendor-auth/config.toml", &config, 0o600);
    let script =
        "BILLING_SECRET=$(cat .config/vendor-auth/billing-secret) vendor-auth token billing";
    billing.run("sh", script).ok();
    assert!(billing.home.path("tokens").is_dir());
}
