//! Signals to a process, and the children of one.

#[cfg(target_os = "linux")]
use std::fs;
#[cfg(not(target_os = "linux"))]
use std::process::Command;

use rustix::process::{Pid, Signal, kill_process};

use crate::ServerError;

pub(crate) fn send(id: u32, signal: Signal) -> Result<(), ServerError> {
    i32::try_from(id)
        .ok()
        .and_then(Pid::from_raw)
        .ok_or_else(|| ServerError::new("no such process id"))
        .and_then(|id| {
            kill_process(id, signal).map_err(|error| ServerError::io("no signal", &error.into()))
        })
}

/// Asks the kernel itself, since a small machine has no `ps`.
#[cfg(target_os = "linux")]
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let stats =
        processes.filter_map(|process| fs::read_to_string(process.ok()?.path().join("stat")).ok());
    stats.filter_map(|stat| child_in(parent, &stat)).collect()
}

/// Reads `id (name) state parent …`. The name may hold anything.
#[cfg(target_os = "linux")]
fn child_in(parent: u32, stat: &str) -> Option<u32> {
    let id = stat.split_whitespace().next()?.parse().ok()?;
    let its_parent: u32 = stat
        .rsplit_once(')')?
        .1
        .split_whitespace()
        .nth(1)?
        .parse()
        .ok()?;
    (its_parent == parent).then_some(id)
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn children_of(parent: u32) -> Vec<u32> {
    let Ok(output) = Command::new("ps").args(["-A", "-o", "pid=,ppid="]).output() else {
        return Vec::new();
    };
    let table = String::from_utf8_lossy(&output.stdout).into_owned();
    table
        .lines()
        .filter_map(|line| child_of(parent, line))
        .collect()
}

#[cfg(not(target_os = "linux"))]
fn child_of(parent: u32, line: &str) -> Option<u32> {
    let mut ids = line.split_whitespace().map(str::parse::<u32>);
    let (id, its_parent) = (ids.next()?.ok()?, ids.next()?.ok()?);
    (its_parent == parent).then_some(id)
}

#[cfg(test)]
mod tests {
    #[cfg(target_os = "linux")]
    use std::process::Command;

    use super::*;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_child_is_found_whatever_its_name() {
        assert_eq!(child_in(7, "12 (a) b (c) S 7 12 12 0"), Some(12));
        assert_eq!(child_in(7, "7 (postgres) S 12 7 7 0"), None);
        assert_eq!(child_in(7, ""), None);
        let mut child = Command::new("sleep").arg("1000").spawn().unwrap();
        assert!(children_of(std::process::id()).contains(&child.id()));
        child.kill().unwrap();
        child.wait().unwrap();
    }

    #[cfg(not(target_os = "linux"))]
    #[test]
    fn a_table_of_processes_is_read_by_parent() {
        assert_eq!(child_of(7, "  12     7"), Some(12));
        assert_eq!(child_of(7, "  7     12"), None);
        assert_eq!(child_of(7, ""), None);
    }
}
