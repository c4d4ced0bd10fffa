//! A running `vendor-auth serve`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStderr, Stdio};

use crate::billing::Billing;
use crate::chapter::Block;

/// What a hook prints.
const HOOK: &str = "after-the-files";

/// It is killed when dropped.
pub(crate) struct Serving {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Serving {
    /// Runs the line of a chapter as this user.
    pub(crate) fn start(billing: &Billing, line: &Block) -> Self {
        let mut shell = billing.shell("bash", &format!("exec {}", line.text.trim_end()));
        let mut child = shell
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        Self { child, log }
    }

    /// The same, with a hook that tells when the files are written.
    pub(crate) fn with_hook(billing: &Billing, line: &Block) -> Self {
        let command = line.text.trim_end();
        let text = format!("{command} --on-refresh 'echo {HOOK}'");
        let language = line.language.clone();
        Self::start(billing, &Block { language, text })
    }

    /// Waits until the first token is there, and in the files.
    #[track_caller]
    pub(crate) fn written(mut self) -> Self {
        self.line_with(HOOK);
        self
    }

    /// Waits for a line of its log.
    #[track_caller]
    pub(crate) fn line_with(&mut self, text: &str) -> String {
        let mut all = String::new();
        loop {
            let before = all.len();
            let read = self.log.read_line(&mut all).unwrap();
            assert_ne!(read, 0, "no line with {text:?}: {all}");
            let line = all.split_at(before).1;
            if line.contains(text) {
                return line.trim_end().to_owned();
            }
        }
    }

    /// Waits until it listens on a free loopback port, and returns that.
    #[track_caller]
    pub(crate) fn port(&mut self) -> String {
        let line = self.line_with("listening on http://127.0.0.1:");
        let port = line.rsplit(':').next().unwrap();
        port.trim_end_matches('/').to_owned()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
