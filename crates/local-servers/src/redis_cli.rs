//! Commands to a Redis, by `redis-cli`.

use std::process::Command;

use crate::error::ServerError;
use crate::install::find;

/// Whether the process with this id is ready. Another server may have taken the port.
pub(crate) fn is_ready(port: u16, password: Option<&str>, id: u32) -> bool {
    let ours = format!("process_id:{id}");
    ask(port, password, &["INFO"]).is_ok_and(|info| {
        let lines: Vec<&str> = info.lines().map(str::trim).collect();
        lines.contains(&ours.as_str()) && !lines.contains(&"loading:1")
    })
}

pub(crate) fn ask(
    port: u16,
    password: Option<&str>,
    words: &[&str],
) -> Result<String, ServerError> {
    let mut command = Command::new(find("redis-cli")?);
    command.args(["-e", "-h", "127.0.0.1", "-p", &port.to_string()]);
    if let Some(password) = password {
        command.env("REDISCLI_AUTH", password);
    }
    let output = command
        .args(words)
        .output()
        .map_err(|error| ServerError::io("`redis-cli` failed", &error))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        return Ok(text);
    }
    let complaint = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(ServerError::new(format!(
        "redis: {} {}",
        text.trim(),
        complaint.trim()
    )))
}
