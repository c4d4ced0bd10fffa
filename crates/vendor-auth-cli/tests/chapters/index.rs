//! README.md of the chapters.

use std::collections::BTreeSet;
use std::fs;

use crate::chapter;

/// The chapters that a module here tries.
const TRIED: [&str; 14] = [
    "ci",
    "cron",
    "envoy",
    "git",
    "kubectl",
    "kubernetes",
    "login",
    "nginx",
    "no-token",
    "node",
    "pools",
    "python",
    "stores",
    "systemd",
];

fn chapters() -> BTreeSet<String> {
    let files = fs::read_dir(chapter::directory()).unwrap();
    let names = files.map(|file| file.unwrap().file_name().into_string().unwrap());
    let names = names.filter_map(|name| Some(name.strip_suffix(".md")?.to_owned()));
    // The reference of the configuration is no job.
    let others = ["README", "configuration"];
    names.filter(|name| !others.contains(&&**name)).collect()
}

#[test]
fn each_chapter_is_tried_and_in_the_index() {
    let tried: BTreeSet<_> = TRIED.into_iter().map(str::to_owned).collect();
    assert_eq!(chapters(), tried);
    let index = chapter::read("README.md");
    for name in tried {
        let row = format!("| [{name}.md]({name}.md) |");
        assert!(index.contains(&row), "{row}");
    }
}

#[test]
fn each_chapter_says_what_happens_on_failure_and_how_to_check_it() {
    for name in chapters() {
        let text = chapter::read(&format!("{name}.md"));
        let headings: Vec<_> = text
            .lines()
            .filter(|line| line.starts_with("## "))
            .collect();
        assert_eq!(
            headings,
            [
                "## What you get",
                "## The lines",
                "## On failure",
                "## How to check it"
            ],
            "{name}"
        );
    }
}
