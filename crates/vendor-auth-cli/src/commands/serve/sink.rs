//! Files that have the newest token.

use std::fmt;
use std::path::{PathBuf, absolute};
use std::str::FromStr;

use clap::ValueEnum as _;
use tokio::task::spawn_blocking;

use crate::commands::token::replace;
use crate::failure::Failure;
use crate::output::{Format, Printed};

/// A file for the tokens of one profile: `NAME:FORMAT:PATH:MODE`.
#[derive(Clone, Debug)]
pub(super) struct Sink {
    pub(super) name: String,
    format: Format,
    path: PathBuf,
    mode: u32,
}

impl Sink {
    /// Replaces the file at once. A slow disk delays nothing else.
    pub(super) async fn write(&self, printed: &Printed<'_>) -> Result<(), Failure> {
        let text = printed.to_text(self.format)?;
        let (path, mode) = (self.path.clone(), self.mode);
        let written = spawn_blocking(move || replace(&path, &text, mode)).await;
        written.unwrap_or_else(|error| {
            let path = self.path.display();
            Err(Failure::store(format!("{path}: not written: {error}")))
        })
    }
}

/// Refuses two sinks with one file: each would replace what the other wrote.
pub(super) fn refuse_same_file(sinks: &[Sink]) -> Result<(), Failure> {
    let file = |sink: &Sink| absolute(&sink.path).unwrap_or_else(|_| sink.path.clone());
    for (index, sink) in sinks.iter().enumerate() {
        let mut before = sinks.iter().take(index);
        if let Some(first) = before.find(|other| file(other) == file(sink)) {
            return Err(Failure::usage(format!(
                "--sink {sink}: --sink {first} has the same file; write another path"
            )));
        }
    }
    Ok(())
}

impl FromStr for Sink {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write NAME:FORMAT:PATH:MODE, such as app:json:/run/app.json:0640";
        let parts = text.split_once(':').and_then(|(name, rest)| {
            let (format, rest) = rest.split_once(':')?;
            let (path, mode) = rest.rsplit_once(':')?;
            Some((name, format, path, mode))
        });
        let Some((name, format, path, mode)) =
            parts.filter(|it| !it.0.is_empty() && !it.2.is_empty())
        else {
            return Err(form.to_owned());
        };
        Ok(Self {
            name: name.to_owned(),
            format: Format::from_str(format, false).map_err(|_| no_format(format))?,
            path: PathBuf::from(path),
            mode: parse_mode(mode)?,
        })
    }
}

impl fmt::Display for Sink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let format = self.format.to_possible_value();
        let format = format.as_ref().map_or("", |value| value.get_name());
        let (name, path, mode) = (&self.name, self.path.display(), self.mode);
        write!(f, "{name}:{format}:{path}:{mode:04o}")
    }
}

fn no_format(text: &str) -> String {
    let values = Format::value_variants().iter();
    let names: Vec<_> = values
        .filter_map(|format| Some(format.to_possible_value()?.get_name().to_owned()))
        .collect();
    format!("`{text}` is not a format; write {}", names.join(", "))
}

/// Reads permissions: others than the owner can at most be let read the file.
fn parse_mode(text: &str) -> Result<u32, String> {
    let is_octal = (3..=4).contains(&text.len()) && text.bytes().all(|it| it.is_ascii_digit());
    let mode = u32::from_str_radix(text, 8).ok().filter(|_| is_octal);
    match mode {
        Some(mode) if mode & !0o644 == 0 && mode & 0o400 != 0 => Ok(mode),
        Some(_) => Err(format!(
            "the mode {text} lets others write the file, or is not one of a file that is read; \
             write 0600 or 0640"
        )),
        None => Err(format!("`{text}` is not a mode; write 0600 or 0640")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sink_names_its_profile_format_path_and_mode() {
        let text = "app:json:/run/a:b.json:0640";
        assert_eq!(text.parse::<Sink>().unwrap().to_string(), text);
    }

    #[test]
    fn a_wrong_sink_is_told_what_to_write() {
        let cases = [
            ("app", "write NAME:FORMAT:PATH:MODE"),
            ("app:json:/x", "write NAME:FORMAT:PATH:MODE"),
            (":json:/x:0600", "write NAME:FORMAT:PATH:MODE"),
            (
                "app:yaml:/x:0600",
                "`yaml` is not a format; write text, json",
            ),
            ("app:json:/x:rw", "`rw` is not a mode; write 0600 or 0640"),
            ("app:json:/x:0666", "lets others write"),
            ("app:json:/x:0660", "lets others write"),
            ("app:json:/x:4755", "lets others write"),
        ];
        for (text, expected) in cases {
            let why = text.parse::<Sink>().unwrap_err();
            assert!(why.contains(expected), "{text}: {why}");
        }
    }
}
