//! The rival of the benchmark `start`: a program that reads a record of the file store, parses it,
//! and prints its access token. It checks nothing.

#![expect(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a program of a benchmark prints, and fails by panicking"
)]

use serde_json::Value;

fn main() {
    let path = std::env::args_os().nth(1).unwrap();
    let text = std::fs::read_to_string(path).unwrap();
    let mut lines = text.lines();
    let mut parsed = || serde_json::from_str::<Value>(lines.next().unwrap()).unwrap();
    let [about, token] = [parsed(), parsed()];
    assert!(about.get("key").is_some());
    let access = token.get("access").and_then(Value::as_str);
    println!("{}", access.unwrap());
}
