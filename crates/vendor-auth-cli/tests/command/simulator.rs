//! A running `vendor-auth sim`.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::home::Home;

/// It is killed when dropped.
pub(crate) struct Simulator {
    child: Child,
    /// What it prints after its introduction.
    pub(crate) printed: BufReader<ChildStdout>,
    pub(crate) introduction: String,
}

impl Simulator {
    /// Starts it for this user, on free ports.
    pub(crate) fn start(home: &Home, arguments: &[&str]) -> Self {
        // Not the default ports: while one simulator refuses connections, another can bind them.
        let free: &[&str] = match arguments.contains(&"--port-base") {
            true => &[],
            false => &["--port-base", "0"],
        };
        let mut command = home.command(&[&["sim"], free, arguments].concat());
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut printed = BufReader::new(child.stdout.take().unwrap());
        let mut introduction = String::new();
        while !introduction.contains("vendor-auth sim status\n") {
            let read = printed.read_line(&mut introduction).unwrap();
            assert_ne!(read, 0, "{introduction}");
        }
        printed.read_line(&mut introduction).unwrap();
        Self {
            child,
            printed,
            introduction,
        }
    }

    /// Returns the URL of the resource, as it is printed.
    pub(crate) fn resource_url(&self) -> String {
        let lines = self.introduction.lines();
        let mut curl = lines.filter(|line| line.contains("vendor-auth curl "));
        let url = curl.next().unwrap().rsplit(' ').next().unwrap();
        url.to_owned()
    }

    /// Returns the next line that it prints.
    pub(crate) fn line(&mut self) -> String {
        let mut line = String::new();
        self.printed.read_line(&mut line).unwrap();
        line
    }

    /// Sends a signal, and returns the exit code.
    pub(crate) fn ended_by(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args([signal, &id]).status().unwrap();
        assert!(sent.success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
