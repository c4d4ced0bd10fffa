//! Another user for PostgreSQL and PgBouncer, which refuse to run as root.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use crate::ServerError;

/// Users without anything of value, in order of preference.
const USERS: [&str; 2] = ["postgres", "nobody"];

/// The user and group that run such a server; `None` if this process is not root.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unprivileged(Option<(u32, u32)>);

impl Unprivileged {
    pub(crate) fn find() -> Result<Self, ServerError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self(None));
        }
        USERS
            .into_iter()
            .find_map(|user| Some((number("-u", user)?, number("-g", user)?)))
            .map(|ids| Self(Some(ids)))
            .ok_or_else(|| {
                ServerError::new("neither `postgres` nor `nobody` is a user of this machine")
            })
    }

    pub(crate) fn command(self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let Some((user, group)) = self.0 {
            command.uid(user).gid(group);
        }
        command
    }

    pub(crate) fn own(self, path: &Path) -> Result<(), ServerError> {
        let Some((user, group)) = self.0 else {
            return Ok(());
        };
        std::os::unix::fs::chown(path, Some(user), Some(group)).map_err(|error| {
            ServerError::io("the folder cannot be given to the server's user", &error)
        })
    }
}

fn number(which: &str, user: &str) -> Option<u32> {
    let output = Command::new("id").args([which, user]).output().ok()?;
    String::from_utf8(output.stdout).ok()?.trim().parse().ok()
}
