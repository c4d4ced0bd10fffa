//! Lists what is due by a scan of the directory. It reads the times in plain text and no body.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use serde::Deserialize;
use token_core::store::{Due, DueCursor, DuePage, StoreError};
use token_core::{Timestamp, TokenKey};
use zeroize::Zeroizing;

use crate::failure::reading;
use crate::file_name::file_name;
use crate::format;
use crate::permissions;

/// The length of the longest first line: a key has at most 512 bytes, an owner has 32.
const LONGEST_HEAD: usize = 16 << 10;
/// How much is read at a time. The first line rarely has more; what follows it is wiped.
const STEP: usize = 512;

/// What to list.
pub(crate) struct Query {
    pub(crate) before: Timestamp,
    pub(crate) limit: usize,
    pub(crate) after: Option<DueCursor>,
}

impl Query {
    /// Returns a page of the keys in this directory. Files that are foreign or torn are skipped.
    pub(crate) fn page(&self, directory: &Path) -> Result<DuePage, StoreError> {
        permissions::check_directory(directory)?;
        let mut due = Vec::new();
        let mut buffer = Zeroizing::new(vec![0; LONGEST_HEAD]);
        for path in token_files(directory).map_err(|error| reading(directory, &error))? {
            let read = of_key(&path, &mut buffer).map_err(|error| reading(&path, &error))?;
            due.extend(read.filter(|due| self.includes(due)));
        }
        due.sort_by_cached_key(Due::cursor);
        due.truncate(self.limit);
        Ok(DuePage::of_at_most(self.limit, due))
    }

    fn includes(&self, due: &Due) -> bool {
        let is_later = |after: &DueCursor| due.cursor() > *after;
        due.due_at < self.before && self.after.as_ref().is_none_or(is_later)
    }
}

/// Returns the paths that may be token files; none if there is no directory.
fn token_files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = match fs::read_dir(directory) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let paths = entries.map(|entry| Ok(entry?.path()));
    paths
        .filter(|path| path.as_ref().map_or(true, |path| is_token_file(path)))
        .collect()
}

fn is_token_file(path: &Path) -> bool {
    path.extension() == Some(OsStr::new("json"))
}

/// Reads one file; the previous version if it is not a whole token file, as a load does.
fn of_key(path: &Path, buffer: &mut [u8]) -> io::Result<Option<Due>> {
    let times = match times(path, path, buffer)? {
        None => times(path, &previous(path), buffer)?,
        times => times,
    };
    Ok(times.and_then(Times::due))
}

fn previous(path: &Path) -> PathBuf {
    // Next to the target of a symbolic link.
    let mut name = fs::canonicalize(path)
        .unwrap_or_else(|_| path.to_owned())
        .into_os_string();
    name.push(".previous");
    name.into()
}

/// The key of a token file, and the times of its record.
struct Times {
    key: TokenKey,
    due_at: Option<Timestamp>,
    grant_ends_at: Option<Timestamp>,
}

impl Times {
    fn due(self) -> Option<Due> {
        let due = Due::new(self.key, self.due_at?);
        Some(due.grant_ends_at(self.grant_ends_at))
    }
}

#[derive(Deserialize)]
struct Head<'a> {
    #[serde(borrow)]
    format: Cow<'a, str>,
    version: u32,
    #[serde(borrow)]
    key: Cow<'a, str>,
    record: Option<RecordHead>,
}

#[derive(Deserialize)]
struct RecordHead {
    due_at: Option<i64>,
    grant_ends_at: Option<i64>,
}

/// Reads the file at `path`, which has the name of the token file `named`; `None` if it is not a
/// whole file of this store.
fn times(named: &Path, path: &Path, buffer: &mut [u8]) -> io::Result<Option<Times>> {
    match read(path, buffer) {
        // It was removed meanwhile, is a link to nothing, or is another user's.
        Err(error) if is_not_ours(&error) => Ok(None),
        times => Ok(times?.filter(|times| named.file_name() == Some(name_of(times).as_ref()))),
    }
}

fn is_not_ours(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        ErrorKind::NotFound | ErrorKind::PermissionDenied
    )
}

fn read(path: &Path, buffer: &mut [u8]) -> io::Result<Option<Times>> {
    // Opening a named pipe would wait for a writer.
    if !fs::metadata(path)?.is_file() {
        return Ok(None);
    }
    let mut file = File::open(path)?;
    let Some(times) = first_line(&mut file, buffer)?.and_then(parse) else {
        return Ok(None);
    };
    Ok(ends_with_a_hash(&mut file)?.then_some(times))
}

fn name_of(times: &Times) -> String {
    file_name(&times.key)
}

fn first_line<'a>(file: &mut File, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
    let mut filled = 0;
    loop {
        let end = buffer.len().min(filled + STEP);
        let Some(room) = buffer.get_mut(filled..end).filter(|room| !room.is_empty()) else {
            return Ok(None);
        };
        let read = file.read(room)?;
        if read == 0 {
            return Ok(None);
        }
        if let Some(at) = room.iter().take(read).position(|byte| *byte == b'\n') {
            return Ok(buffer.get(..filled + at));
        }
        filled += read;
    }
}

fn parse(head: &[u8]) -> Option<Times> {
    let head: Head<'_> = serde_json::from_slice(head).ok()?;
    if head.format != format::FORMAT || head.version != format::VERSION {
        return None;
    }
    let record = head.record.as_ref();
    let instant = |millis: Option<i64>| millis.map(Timestamp::from_unix_millis);
    Some(Times {
        key: TokenKey::parse(&head.key).ok()?,
        due_at: instant(record.and_then(|record| record.due_at)),
        grant_ends_at: instant(record.and_then(|record| record.grant_ends_at)),
    })
}

/// Returns whether the file is complete. Whether it was modified is not known without the body.
fn ends_with_a_hash(file: &mut File) -> io::Result<bool> {
    let length = file.seek(SeekFrom::End(0))?;
    let Some(start) = length.checked_sub(format::HASH_LINE as u64) else {
        return Ok(false);
    };
    file.seek(SeekFrom::Start(start))?;
    let mut end = [0; format::HASH_LINE];
    file.read_exact(&mut end)?;
    Ok(end.starts_with(format::BEFORE_HASH) && end.ends_with(b"\n"))
}
