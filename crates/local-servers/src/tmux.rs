//! tmux: a terminal for a program, which tests type into and read.

use std::fs;
use std::path::PathBuf;
use std::process::Command;
use std::thread::sleep;

use rustix::process::Signal;

use crate::ServerError;
use crate::client::output_of;
use crate::install::find;
use crate::process::{POLL_INTERVAL, Process, START_POLLS};
use crate::signal::send;

/// Runs a program, then tells its exit code and whether the terminal's modes are what they were.
const SCRIPT: &str = r#"trap : INT
before=$(stty -g)
sh -c 'echo $$ > "$PID_FILE"; exec "$@"' sh "$@"
code=$?
[ "$before" = "$(stty -g)" ] && modes=kept || modes=changed
echo "[exit code $code, modes $modes]"
exec sleep 10000"#;

/// A terminal in which one program runs.
///
/// ```no_run
/// use std::process::Command;
///
/// # fn main() -> Result<(), local_servers::ServerError> {
/// let tmux = local_servers::Tmux::run(&Command::new("top"), 80, 24)?;
/// tmux.wait_for("load average")?;
/// tmux.press("q")?;
/// assert_eq!(tmux.end()?, 0);
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Tmux {
    process: Process,
}

impl Tmux {
    /// Starts a program with its arguments, folder and environment, in a terminal of this size. Of
    /// this process's environment it has `PATH` only.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if tmux is not installed or does not start.
    pub fn run(program: &Command, columns: u16, rows: u16) -> Result<Self, ServerError> {
        let path = find("tmux")?;
        let mut process = Process::prepare("local-tmux", Signal::TERM)?;
        let folder = process.folder().to_owned();
        fs::write(folder.join("conf"), configuration(program))
            .map_err(|error| ServerError::io("the configuration cannot be written", &error))?;
        let mut server = Command::new(path);
        server.env_clear().env("LC_ALL", "C.UTF-8");
        server.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        server.args(["-D", "-u", "-S", "socket", "-f", "conf"]);
        process.start(&mut server, |_| folder.join("socket").exists())?;
        let tmux = Self { process };
        tmux.open(program, columns, rows)?;
        Ok(tmux)
    }

    fn open(&self, program: &Command, columns: u16, rows: u16) -> Result<(), ServerError> {
        let mut command = self.client("new-session")?;
        command.args(["-d", "-x", &columns.to_string(), "-y", &rows.to_string()]);
        command.arg("-e");
        command.arg(format!("PID_FILE={}", self.pid_file().display()));
        for (name, value) in program.get_envs() {
            let value = value.unwrap_or_default().to_string_lossy();
            command.arg("-e");
            command.arg(format!("{}={value}", name.to_string_lossy()));
        }
        if let Some(folder) = program.get_current_dir() {
            command.arg("-c").arg(folder);
        }
        command.args(["sh", "-c", SCRIPT, "sh"]);
        command.arg(program.get_program()).args(program.get_args());
        output_of(&mut command).map(drop)
    }

    /// Presses a key, as tmux names it: `q`, `Enter`, `Down`, `C-c`.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if tmux does not answer.
    pub fn press(&self, key: &str) -> Result<(), ServerError> {
        output_of(self.client("send-keys")?.arg(key)).map(drop)
    }

    /// Changes the size of the terminal.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if tmux does not answer.
    pub fn resize(&self, columns: u16, rows: u16) -> Result<(), ServerError> {
        let size = ["-x", &columns.to_string(), "-y", &rows.to_string()];
        output_of(self.client("resize-window")?.args(size)).map(drop)
    }

    /// Returns what the terminal shows, without styles.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if tmux does not answer.
    pub fn text(&self) -> Result<String, ServerError> {
        output_of(self.client("capture-pane")?.arg("-p"))
    }

    /// Returns what the terminal shows, with the escape sequences of its styles.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if tmux does not answer.
    pub fn styled_text(&self) -> Result<String, ServerError> {
        output_of(self.client("capture-pane")?.args(["-p", "-e"]))
    }

    /// Returns what the terminal shows as soon as it contains a text.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it does not within 30 seconds.
    pub fn wait_for(&self, text: &str) -> Result<String, ServerError> {
        let shown = self.wait_until(|shown| shown.contains(text));
        shown.map_err(|error| ServerError::new(format!("`{text}` is not shown: {error}")))
    }

    /// Returns what the terminal shows as soon as this is true of it.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it is not within 30 seconds.
    pub fn wait_until(&self, is_true: impl Fn(&str) -> bool) -> Result<String, ServerError> {
        let mut shown = String::new();
        for _ in 0..START_POLLS {
            shown = self.text()?;
            if is_true(&shown) {
                return Ok(shown);
            }
            sleep(POLL_INTERVAL);
        }
        let why = format!("the terminal does not show what was expected:\n{shown}");
        Err(ServerError::new(why))
    }

    /// Sends the program SIGTERM.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it does not run.
    pub fn terminate(&self) -> Result<(), ServerError> {
        let text = fs::read_to_string(self.pid_file())
            .map_err(|error| ServerError::io("the program's id", &error))?;
        let id = text.trim().parse();
        send(
            id.map_err(|_| ServerError::new("the program has no id"))?,
            Signal::TERM,
        )
    }

    /// Waits for the end of the program, and returns its exit code.
    ///
    /// # Errors
    ///
    /// [`ServerError`] if it does not end, or leaves the terminal in other modes, on the second
    /// screen or without a cursor.
    pub fn end(&self) -> Result<i32, ServerError> {
        let shown = self.wait_for("[exit code ")?;
        let flags = "#{alternate_on} #{cursor_flag}";
        let flags = output_of(self.client("display-message")?.args(["-p", flags]))?;
        let (_, end) = shown.split_once("[exit code ").unwrap_or_default();
        let (code, modes) = end.split_once(", modes ").unwrap_or_default();
        if flags.trim() != "0 1" || !modes.starts_with("kept]") {
            let why = format!("the terminal is not restored ({}):\n{shown}", flags.trim());
            return Err(ServerError::new(why));
        }
        code.parse()
            .map_err(|_| ServerError::new(format!("no exit code is shown:\n{shown}")))
    }

    fn pid_file(&self) -> PathBuf {
        self.process.folder().join("pid")
    }

    fn client(&self, what: &str) -> Result<Command, ServerError> {
        let mut command = Command::new(find("tmux")?);
        command.env_remove("TMUX").arg("-S");
        command.arg(self.process.folder().join("socket")).arg(what);
        Ok(command)
    }
}

/// tmux sets `TERM` itself.
fn configuration(program: &Command) -> String {
    let mut set = program.get_envs();
    let terminal = set.find_map(|(name, value)| (name == "TERM").then_some(value?));
    let terminal = terminal.map_or("tmux-256color".into(), |name| name.to_string_lossy());
    format!("set -g status off\nset -g default-terminal \"{terminal}\"\n")
}
