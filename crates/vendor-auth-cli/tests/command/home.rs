//! A user with a home directory and nothing in the environment.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread::{self, JoinHandle};

use tempfile::TempDir;
use token_sim::{EnosServer, OAuth2Server};

/// A home directory, with the configuration in it.
pub(crate) struct Home {
    directory: TempDir,
}

impl Home {
    /// A user with this configuration.
    pub(crate) fn with(config: &str) -> Self {
        let home = Self {
            directory: tempfile::tempdir().unwrap(),
        };
        let path = home.config_path();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, config).unwrap();
        home
    }

    /// A user with the profile `demo`: a program that logs in itself.
    pub(crate) fn of_client(server: &OAuth2Server) -> Self {
        Self::of_client_with(server, "")
    }

    /// The same, with more lines in the profile.
    pub(crate) fn of_client_with(server: &OAuth2Server, more: &str) -> Self {
        let home = Self::with(&format!(
            r#"
[profiles.demo]
vendor = "oauth2"
token_url = "{}"
client_id = "{}"
client_secret = {{ file = "~/secret" }}
grant = "client_credentials"
allow_plain_http = true
{more}
"#,
            server.token_url(),
            server.client_id(),
        ));
        fs::write(home.path("secret"), server.client_secret()).unwrap();
        home
    }

    /// A user with the profile `demo` of a vendor that signs requests.
    pub(crate) fn of_enos(server: &EnosServer) -> Self {
        let home = Self::with(&format!(
            "[profiles.demo]\nvendor = \"enos-apim\"\nurl = \"{}\"\napp_key = \"{}\"\n\
             app_secret = {{ file = \"~/secret\" }}\nallow_plain_http = true\n",
            server.base_url(),
            server.app_key(),
        ));
        fs::write(home.path("secret"), server.app_secret()).unwrap();
        home
    }

    /// A user with the profile `demo`: a person's grant, which begins with this refresh token.
    pub(crate) fn of_grant(server: &OAuth2Server, refresh_token: &str) -> Self {
        let home = Self::with(&format!(
            r#"
[profiles.demo]
vendor = "oauth2"
token_url = "{}"
client_id = "{}"
client_secret = {{ file = "~/secret" }}
refresh_token = {{ file = "~/refresh" }}
account = "alice"
allow_plain_http = true
"#,
            server.token_url(),
            server.client_id(),
        ));
        fs::write(home.path("secret"), server.client_secret()).unwrap();
        fs::write(home.path("refresh"), refresh_token).unwrap();
        home
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// Makes a named pipe, which hands on lines between a test and a program.
    pub(crate) fn fifo(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        let made = Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        path
    }

    /// Makes a named pipe, and returns what one program writes to it until that program ends.
    ///
    /// It tells when a browser has ended, which may be after the command that opened it.
    pub(crate) fn written_to(&self, name: &str) -> JoinHandle<String> {
        let path = self.fifo(name);
        thread::spawn(move || {
            let text = fs::read_to_string(&path).unwrap();
            fs::remove_file(&path).unwrap();
            text
        })
    }

    pub(crate) fn config_path(&self) -> PathBuf {
        self.path(".config/vendor-auth/config.toml")
    }

    /// Returns the command, with an empty environment beside `HOME` and `PATH`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_vendor-auth"));
        command
            .args(arguments)
            .env_clear()
            .env("HOME", self.directory.path())
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        command
    }

    /// Returns the command, as a shell starts it after this line.
    #[cfg(unix)]
    pub(crate) fn command_after(&self, line: &str, arguments: &[&str]) -> Command {
        let command = self.command(arguments);
        let script = format!("{line}; exec \"$0\" \"$@\"");
        let variables = command.get_envs();
        let mut shell = Command::new("sh");
        shell
            .args(["-c", &script])
            .arg(command.get_program())
            .args(command.get_args())
            .env_clear()
            .envs(variables.filter_map(|(name, value)| Some((name, value?))))
            .current_dir(self.directory.path())
            .stdin(Stdio::null());
        shell
    }

    /// Runs the command.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs the command with this on its standard input.
    pub(crate) fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(input.as_bytes()).unwrap();
        drop(stdin);
        Ran::of(&child.wait_with_output().unwrap())
    }
}

/// What a command printed, and its exit code.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Ran {
    pub(crate) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    /// Returns what was printed, if it succeeded and complained of nothing.
    #[track_caller]
    pub(crate) fn ok(&self) -> &str {
        assert_eq!((self.code, &*self.stderr), (0, ""), "{self:?}");
        &self.stdout
    }

    /// Returns the complaint, if it failed with this code and printed nothing else.
    #[track_caller]
    pub(crate) fn failed(&self, code: i32) -> &str {
        assert_eq!((self.code, &*self.stdout), (code, ""), "{self:?}");
        &self.stderr
    }
}

/// Asserts that only its owner can read a file.
#[cfg(unix)]
#[track_caller]
pub(crate) fn assert_private(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    let mode = fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600, "{}", path.display());
}
