//! Reads text that may turn out to be anything: too long, or no text.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// The longest text. Configurations, secrets and certificates are far shorter.
const LONGEST: u64 = 4 * 1024 * 1024;

/// Reads a file.
pub(crate) fn read(path: &Path) -> io::Result<String> {
    text_of(File::open(path)?)
}

/// Reads what comes from a file or a program.
pub(crate) fn text_of(source: impl Read) -> io::Result<String> {
    let mut bytes = Vec::new();
    let read = source.take(LONGEST + 1).read_to_end(&mut bytes)?;
    if u64::try_from(read).is_ok_and(|read| read > LONGEST) {
        let why = "it has more than 4 MiB";
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, why));
    }
    String::from_utf8(bytes).map_err(|_| {
        let why = "it is not UTF-8; save it as UTF-8";
        io::Error::new(io::ErrorKind::InvalidData, why)
    })
}
