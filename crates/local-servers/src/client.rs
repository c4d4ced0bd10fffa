//! Commands to the servers, by their command-line clients.

use std::path::Path;
use std::process::Command;

use crate::ServerError;
use crate::install::find;

/// Returns the URL of the PostgreSQL or the pooler on this port.
pub(crate) fn postgres_url(port: u16) -> String {
    format!("postgres://postgres@127.0.0.1:{port}/postgres")
}

/// Runs SQL by `psql`, and returns what it printed, unaligned and without headings.
pub(crate) fn sql(port: u16, sql: &str) -> Result<String, ServerError> {
    let mut psql = Command::new(find("psql")?);
    psql.args(["-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-c", sql]);
    psql.arg(postgres_url(port)).env("PGCONNECT_TIMEOUT", "5");
    output_of(&mut psql)
}

/// Whether the server with this folder is ready. Another server may have taken the port.
pub(crate) fn is_postgres_ready(port: u16, data: &Path) -> bool {
    sql(port, "SHOW data_directory").is_ok_and(|answer| Path::new(answer.trim()) == data)
}

/// Sends one command by `redis-cli`, and returns what it printed.
pub(crate) fn redis(
    port: u16,
    password: Option<&str>,
    words: &[&str],
) -> Result<String, ServerError> {
    let mut command = Command::new(find("redis-cli")?);
    command.args(["-e", "-h", "127.0.0.1", "-p", &port.to_string()]);
    if let Some(password) = password {
        command.env("REDISCLI_AUTH", password);
    }
    output_of(command.args(words))
}

/// Whether the process with this id is ready. Another server may have taken the port.
pub(crate) fn is_redis_ready(port: u16, password: Option<&str>, id: u32) -> bool {
    let ours = format!("process_id:{id}");
    redis(port, password, &["INFO"]).is_ok_and(|info| {
        let lines: Vec<&str> = info.lines().map(str::trim).collect();
        lines.contains(&ours.as_str()) && !lines.contains(&"loading:1")
    })
}

/// Evaluates an expression by `promtool`, and returns its samples, one a line.
pub(crate) fn promql(port: u16, expression: &str) -> Result<String, ServerError> {
    let mut promtool = Command::new(find("promtool")?);
    promtool.args(["query", "instant", &format!("http://127.0.0.1:{port}")]);
    output_of(promtool.arg(expression))
}

/// Runs a command and returns its standard output. An error contains all of its output.
pub(crate) fn output_of(command: &mut Command) -> Result<String, ServerError> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command
        .output()
        .map_err(|error| ServerError::io(format!("`{name}` cannot be started"), &error))?;
    let text = String::from_utf8_lossy(&output.stdout);
    if output.status.success() {
        return Ok(text.into_owned());
    }
    let complaint = String::from_utf8_lossy(&output.stderr);
    let (text, complaint) = (text.trim(), complaint.trim());
    Err(ServerError::new(format!("{name}: {text} {complaint}")))
}
