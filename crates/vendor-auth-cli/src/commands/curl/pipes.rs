//! The pipes that curl inherits: it reads the token's headers from one, and writes the answers'
//! heads into another.

use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::{AsRawFd as _, OwnedFd};
use std::thread::{self, JoinHandle};

use vendor_auth::Secret;

use crate::api_headers::ApiHeaders;

/// The longest dump that is kept: an API's answers are far shorter.
const LONGEST: u64 = 1024 * 1024;

/// The pipes of one run.
#[derive(Default)]
pub(super) struct Pipes {
    inherited: Vec<OwnedFd>,
    written: Vec<(PipeWriter, Secret)>,
    read: Vec<(PipeReader, Follows)>,
}

/// Whether an operation follows redirects.
pub(super) type Follows = bool;

impl Pipes {
    /// Returns the path from which curl reads these headers, as a configuration.
    pub(super) fn config(&mut self, headers: &ApiHeaders) -> io::Result<String> {
        let (reader, writer) = io::pipe()?;
        let quoted = |text: &str| text.replace('\\', r"\\").replace('"', "\\\"");
        let lines = headers
            .iter()
            .map(|(name, value)| format!("header = \"{name}: {}\"\n", quoted(value.expose())));
        self.written
            .push((writer, Secret::from(lines.collect::<String>())));
        Ok(self.inherit(reader.into()))
    }

    /// Returns the path into which curl dumps the heads of the answers.
    pub(super) fn dump(&mut self, follows: Follows) -> io::Result<String> {
        let (reader, writer) = io::pipe()?;
        self.read.push((reader, follows));
        Ok(self.inherit(writer.into()))
    }

    /// Takes what curl inherits, under the same numbers as here.
    pub(super) fn take_inherited(&mut self) -> Vec<OwnedFd> {
        std::mem::take(&mut self.inherited)
    }

    /// Writes and reads, while curl runs.
    pub(super) fn serve(self) -> Vec<JoinHandle<(String, Follows)>> {
        for (mut writer, text) in self.written {
            // curl does not read it if it fails before.
            thread::spawn(move || drop(writer.write_all(text.expose().as_bytes())));
        }
        let read = self.read.into_iter().map(|(mut reader, follows)| {
            thread::spawn(move || {
                let mut kept = Vec::new();
                let end = reader.by_ref().take(LONGEST).read_to_end(&mut kept);
                // The rest is read too, so that curl does not wait.
                let rest = io::copy(&mut reader, &mut io::sink());
                let is_whole = end.is_ok() && rest.is_ok_and(|length| length == 0);
                let text = String::from_utf8_lossy(&kept).into_owned();
                (if is_whole { text } else { String::new() }, follows)
            })
        });
        read.collect()
    }

    fn inherit(&mut self, end: OwnedFd) -> String {
        let path = format!("/dev/fd/{}", end.as_raw_fd());
        self.inherited.push(end);
        path
    }
}
