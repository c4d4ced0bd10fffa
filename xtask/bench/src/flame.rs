//! A flame graph of a pool whose tokens are all due: recorded by perf, drawn by inferno.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use inferno::collapse::Collapse;
use inferno::collapse::perf::Folder;
use inferno::flamegraph::{Options, from_lines};

use crate::peer::Error;

pub const NAME: &str = "bench-fleet.svg";
const TITLE: &str = "A pool's tokens: a first one each, then a refresh each";
/// What is narrower is left out, in hundredths of the width.
const NARROWEST: f64 = 0.3;

/// Returns a command that runs this program under perf.
pub fn recording(folder: &Path) -> Result<Command, Error> {
    let mut perf = Command::new("perf");
    // By the CPU's clock, which virtual machines have too, with all of the stack that perf copies.
    perf.args("record -q -F 400 -e cpu-clock -m 4096 --call-graph dwarf,65528 -o".split(' '));
    perf.arg(recorded(folder)).arg(std::env::current_exe()?);
    Ok(perf)
}

fn recorded(folder: &Path) -> PathBuf {
    folder.join("fleet.perf")
}

/// Draws what was recorded. Returns the picture's file.
pub fn draw(folder: &Path) -> Result<PathBuf, Error> {
    let mut script = Command::new("perf")
        .args(["script", "--no-inline", "-i"])
        .arg(recorded(folder))
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let stacks = script.stdout.take().ok_or("perf prints nothing")?;
    let mut folded = Vec::new();
    Folder::default().collapse(BufReader::new(stacks), &mut folded)?;
    script.wait()?;
    let folded = String::from_utf8_lossy(&folded);
    let of_workers = folded.lines().filter(|line| line.starts_with("tokio"));
    let picture = folder.join(NAME);
    let mut options = Options::default();
    TITLE.clone_into(&mut options.title);
    options.min_width = NARROWEST;
    // Pages show it as a picture.
    options.no_javascript = true;
    from_lines(&mut options, of_workers, File::create(&picture)?)?;
    fs::remove_file(recorded(folder))?;
    Ok(picture)
}
