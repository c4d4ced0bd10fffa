//! The running command.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::http::{self, Answer};
use crate::home::Home;

const PATIENCE: Duration = Duration::from_secs(40);

/// A running `serve`, which is stopped by its id when this is dropped.
pub(super) struct Serving {
    child: Child,
    log: Receiver<String>,
    addresses: Vec<String>,
    bearer: PathBuf,
}

impl Serving {
    /// Starts it, on a free port.
    pub(super) fn on_a_port(home: &Home, arguments: &[&str]) -> Self {
        let arguments = [&["serve", "--listen", "127.0.0.1:0"], arguments].concat();
        Self::start(home, home.command(&arguments), 1)
    }

    /// Starts a command, and waits until it listens on that many addresses.
    pub(super) fn start(home: &Home, mut command: Command, addresses: usize) -> Self {
        let mut child = command.stderr(Stdio::piped()).spawn().unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let (sender, log) = channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        let mut serving = Self {
            child,
            log,
            addresses: Vec::new(),
            bearer: home.path(".local/state/vendor-auth/bearer"),
        };
        for _ in 0..addresses {
            let line = serving.line_with("listening on ");
            let (_, address) = line.split_once("listening on ").unwrap();
            serving.addresses.push(address.to_owned());
        }
        serving
    }

    /// Waits for a line of its log.
    #[track_caller]
    pub(super) fn line_with(&self, text: &str) -> String {
        loop {
            match self.log.recv_timeout(PATIENCE) {
                Ok(line) if line.contains(text) => return line,
                Ok(_) => {}
                Err(error) => panic!("no line with {text:?}: {error}"),
            }
        }
    }

    /// Listens on a free port and on this socket.
    pub(super) fn on_both(home: &Home, socket: &Path) -> Self {
        let unix = format!("unix:{}", socket.display());
        let arguments = ["serve", "--listen", "127.0.0.1:0", "--listen", &unix];
        Self::start(home, home.command(&arguments), 2)
    }

    /// Returns what it wrote after the lines that were waited for, once it has ended.
    pub(super) fn rest_of_the_log(&self) -> Vec<String> {
        self.log.iter().collect()
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    pub(super) fn port(&self) -> u16 {
        let address = self
            .addresses
            .iter()
            .find_map(|it| it.strip_prefix("http://127.0.0.1:"));
        address.unwrap().trim_end_matches('/').parse().unwrap()
    }

    pub(super) fn bearer_path(&self) -> &PathBuf {
        &self.bearer
    }

    pub(super) fn bearer(&self) -> String {
        let text = std::fs::read_to_string(&self.bearer).unwrap();
        text.trim_end().to_owned()
    }

    /// Returns a client of it, for any thread.
    pub(super) fn client(&self) -> Client {
        Client {
            port: self.port(),
            bearer: self.bearer(),
        }
    }

    /// Sends what a client should send.
    pub(super) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1"), "")
    }

    pub(super) fn send(&self, line: &str, body: &str) -> Answer {
        self.client().send(line, body)
    }

    /// Sends exactly this.
    pub(super) fn ask(&self, request: &str) -> Answer {
        http::over_tcp(self.port(), request)
    }

    /// Asks it to end, and waits for that.
    pub(super) fn end(&mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        self.wait()
    }

    /// Waits for its end.
    pub(super) fn wait(&mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }

    pub(super) fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).unwrap();
        kill_process(Pid::from_raw(id).unwrap(), signal).unwrap();
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

/// A program that asks for tokens.
#[derive(Clone)]
pub(super) struct Client {
    port: u16,
    bearer: String,
}

impl Client {
    pub(super) fn get(&self, path: &str) -> Answer {
        self.send(&format!("GET {path} HTTP/1.1"), "")
    }

    pub(super) fn send(&self, line: &str, body: &str) -> Answer {
        let bearer = &self.bearer;
        let head = format!("{line}\nHost: 127.0.0.1\nX-Vendor-Auth: true");
        let request = format!("{head}\nAuthorization: Bearer {bearer}\n\n{body}");
        http::over_tcp(self.port, &request)
    }

    /// Sends a request, and leaves the answer unread.
    pub(super) fn begin(&self, path: &str) -> TcpStream {
        let bearer = &self.bearer;
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        let head = format!("GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Vendor-Auth: true");
        write!(stream, "{head}\r\nAuthorization: Bearer {bearer}\r\n\r\n").unwrap();
        stream
    }
}
