//! A chapter, and the fenced blocks in it.

use std::fs;
use std::path::{Path, PathBuf};

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Block {
    pub(crate) language: String,
    pub(crate) text: String,
}

/// Returns the root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

pub(crate) fn directory() -> PathBuf {
    repository().join("docs/command")
}

pub(crate) fn read(name: &str) -> String {
    let path = directory().join(name);
    fs::read_to_string(path).unwrap()
}

/// Returns the blocks of a chapter, which must have these languages: nothing in it is untried.
#[track_caller]
pub(crate) fn blocks<const N: usize>(name: &str, languages: [&str; N]) -> [Block; N] {
    let found = blocks_of(&read(name));
    let written: Vec<_> = found.iter().map(|block| &*block.language).collect();
    assert_eq!(written, languages, "the blocks of {name}");
    found.try_into().unwrap()
}

/// Returns the fenced blocks of a text.
pub(crate) fn blocks_of(text: &str) -> Vec<Block> {
    let mut blocks = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let Some(language) = line.strip_prefix("```") else {
            continue;
        };
        let inside = lines.by_ref().take_while(|line| !line.starts_with("```"));
        let text = inside.map(|line| format!("{line}\n")).collect();
        let language = language.to_owned();
        blocks.push(Block { language, text });
    }
    blocks
}

/// Returns what a section has, up to the next one of its level or a higher one.
#[track_caller]
pub(crate) fn section<'a>(text: &'a str, heading: &str) -> &'a str {
    let (_, rest) = text.split_once(&format!("\n{heading}\n")).unwrap();
    let level = heading.split(' ').next().unwrap();
    let end = (2..=level.len()).filter_map(|level| rest.find(&format!("\n{} ", "#".repeat(level))));
    rest.split_at(end.min().unwrap_or(rest.len())).0
}

impl Block {
    /// Replaces what is only an example. It must be there.
    #[track_caller]
    pub(crate) fn with(&self, example: &str, real: &str) -> Self {
        assert!(self.text.contains(example), "{example}: {}", self.text);
        let (language, text) = (self.language.clone(), self.text.replace(example, real));
        Self { language, text }
    }
}

#[test]
fn a_block_ends_with_its_fence() {
    let text = "a\n```sh\none\n\ntwo\n```\nb\n```\nthree\n```\n";
    let block = |language: &str, text: &str| Block {
        language: language.to_owned(),
        text: text.to_owned(),
    };
    assert_eq!(
        blocks_of(text),
        [block("sh", "one\n\ntwo\n"), block("", "three\n")]
    );
}
