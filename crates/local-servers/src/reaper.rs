//! Ends servers whose test process ended without dropping them.

use std::fmt;
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::ServerError;

/// Remembers the last process id that it read. When its input ends, as it does when the test
/// process ends, it kills that process and removes the folder.
const SCRIPT: &str = r#"
while read -r line; do id="$line"; done
if [ -n "$id" ]; then kill -9 "$id" 2>/dev/null; fi
for again in 1 2 3 4 5; do rm -rf "$0" 2>/dev/null && exit 0; sleep 0.2; done
"#;

/// A small process that cleans up a server and its folder.
pub(crate) struct Reaper(Child);

impl Reaper {
    pub(crate) fn of(folder: &Path) -> Result<Self, ServerError> {
        Command::new("/bin/sh")
            .arg("-c")
            .arg(SCRIPT)
            .arg(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .current_dir("/")
            // A Ctrl-C in the terminal ends the test, and must not end the reaper first.
            .process_group(0)
            .spawn()
            .map(Self)
            .map_err(|error| ServerError::io("/bin/sh cannot be started", &error))
    }

    /// Sets the process to kill; `None` after that process has ended.
    pub(crate) fn watch(&mut self, id: Option<u32>) -> Result<(), ServerError> {
        let line = id.map_or_else(|| "\n".to_owned(), |id| format!("{id}\n"));
        let stdin = self
            .0
            .stdin
            .as_mut()
            .ok_or_else(|| ServerError::new("the reaper has been let go"))?;
        stdin
            .write_all(line.as_bytes())
            .map_err(|error| ServerError::io("the reaper does not listen", &error))
    }
}

impl Drop for Reaper {
    fn drop(&mut self) {
        drop(self.0.stdin.take());
        drop(self.0.wait());
    }
}

impl fmt::Debug for Reaper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reaper({})", self.0.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_it_watches_ends_with_its_input_and_the_folder_goes_too() {
        let folder = std::env::temp_dir().join(format!("local-reaper-{}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let mut sleeper = Command::new("sleep").arg("60").spawn().unwrap();
        let mut reaper = Reaper::of(&folder).unwrap();
        reaper.watch(Some(sleeper.id())).unwrap();
        drop(reaper);
        assert!(!folder.exists());
        assert!(!sleeper.wait().unwrap().success(), "it slept to its end");
    }
}
