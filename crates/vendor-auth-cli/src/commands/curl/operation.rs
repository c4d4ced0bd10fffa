//! What a person asks curl to do: a command line of curl, as curl reads it.

use super::option_table::{OptionTable, Takes};
use crate::failure::Failure;

/// One of the operations that `--next` separates: URLs, and the options that count for them.
#[derive(Debug, Default)]
pub(super) struct Operation {
    /// As they were written.
    pub(super) arguments: Vec<String>,
    pub(super) urls: Vec<String>,
    /// Long names, with the values of those that take one.
    options: Vec<(String, String)>,
}

impl Operation {
    /// Reads a command line. What this curl does not know is refused, since it is not known whether
    /// a URL follows.
    pub(super) fn parse(arguments: &[String], table: &OptionTable) -> Result<Vec<Self>, Failure> {
        let mut parser = Parser {
            table,
            done: Vec::new(),
            current: Self::default(),
        };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            match argument.strip_prefix('-') {
                None => parser.current.add_url(argument),
                Some("-") => rest.by_ref().for_each(|url| parser.current.add_url(url)),
                Some("-next" | ":") => parser.next_operation(),
                Some(letters) => match letters.strip_prefix('-') {
                    Some(name) => parser.long(name, &mut rest)?,
                    None => parser.short(letters, &mut rest)?,
                },
            }
        }
        parser.done.push(parser.current);
        Ok(parser.done)
    }

    /// Returns whether this option is written.
    pub(super) fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(it, _)| it == name)
    }

    /// Returns whether curl requests what a redirect names.
    pub(super) fn follows_redirects(&self) -> bool {
        self.has("location") || self.has("follow")
    }

    /// Returns the values of an option.
    pub(super) fn values<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let found = self.options.iter().filter(move |(it, _)| it == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Returns the first option of which this is true.
    pub(super) fn find(&self, is_it: impl Fn(&str) -> bool) -> Option<&str> {
        let names = self.options.iter().map(|(name, _)| name.as_str());
        names.into_iter().find(|name| is_it(name))
    }

    fn add_url(&mut self, url: &str) {
        // Behind `--url`, it is a URL in all versions, whatever it begins with.
        self.arguments.extend(["--url".to_owned(), url.to_owned()]);
        self.urls.push(url.to_owned());
    }

    fn add_option(&mut self, name: &str, value: &str) {
        if name == "url" {
            self.urls.push(value.to_owned());
        }
        self.options.push((name.to_owned(), value.to_owned()));
    }
}

/// A command line that is being read.
struct Parser<'a> {
    table: &'a OptionTable,
    done: Vec<Operation>,
    current: Operation,
}

impl Parser<'_> {
    fn next_operation(&mut self) {
        let done = std::mem::take(&mut self.current);
        self.done.push(done);
    }

    fn long<'a>(
        &mut self,
        name: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), Failure> {
        let written = format!("--{name}");
        let takes = self.table.long(name).ok_or_else(|| unknown(&written))?;
        self.current.arguments.push(written.clone());
        match takes {
            Takes::Nothing => self.current.add_option(name, ""),
            Takes::Value => self.with_value(&written, name, rest)?,
        }
        Ok(())
    }

    fn short<'a>(
        &mut self,
        letters: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), Failure> {
        if letters.is_empty() {
            return Err(unknown("-"));
        }
        self.current.arguments.push(format!("-{letters}"));
        let mut left = letters.chars();
        while let Some(letter) = left.next() {
            let written = format!("-{letter}");
            let name = self.table.short(letter).ok_or_else(|| unknown(&written))?;
            let takes = self.table.long(name).ok_or_else(|| unknown(&written))?;
            match (takes, left.as_str()) {
                _ if name == "next" => return Err(unknown(&format!("-{letters}"))),
                (Takes::Nothing, _) => self.current.add_option(name, ""),
                (Takes::Value, "") => return self.with_value(&written, name, rest),
                (Takes::Value, value) => {
                    self.current.add_option(name, value);
                    return Ok(());
                }
            }
        }
        Ok(())
    }

    fn with_value<'a>(
        &mut self,
        written: &str,
        name: &str,
        rest: &mut impl Iterator<Item = &'a String>,
    ) -> Result<(), Failure> {
        let Some(value) = rest.next() else {
            return Err(Failure::usage(format!("curl: {written} needs a value")));
        };
        self.current.arguments.push(value.clone());
        self.current.add_option(name, value);
        Ok(())
    }
}

fn unknown(written: &str) -> Failure {
    Failure::usage(format!(
        "curl: {written} is not in `curl --help all`; write options in full, and --next alone"
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = " -d, --data <data> x\n -s, --silent x\n -:, --next x\n     --url <url> x\n \
                        -L, --location x\n -o, --output <file> x\n     --json <data> x";

    fn parse(arguments: &[&str]) -> Result<Vec<Operation>, Failure> {
        let arguments: Vec<_> = arguments.iter().map(|&it| it.to_owned()).collect();
        Operation::parse(&arguments, &OptionTable::parse(HELP))
    }

    #[test]
    fn each_url_is_found_wherever_it_is_written() {
        let rows: [(&[&str], &[&[&str]]); 8] = [
            (&["https://a"], &[&["https://a"]]),
            (
                &["-s", "https://a", "--url", "https://b", "c"],
                &[&["https://a", "https://b", "c"]],
            ),
            (&["-d", "https://x", "https://a"], &[&["https://a"]]),
            (
                &["-sdhttps://x", "-so", "https://x", "https://a"],
                &[&["https://a"]],
            ),
            (&["--json", "--url", "https://a"], &[&["https://a"]]),
            (&["a", "--next", "b", "-:", "c"], &[&["a"], &["b"], &["c"]]),
            (&["a", "--", "--next", "-L"], &[&["a", "--next", "-L"]]),
            (&["-d", "--", "-s", "a"], &[&["a"]]),
        ];
        for (arguments, expected) in rows {
            let operations = parse(arguments).unwrap();
            let urls: Vec<_> = operations.iter().map(|it| &*it.urls).collect();
            assert_eq!(urls, expected, "{arguments:?}");
        }
    }

    #[test]
    fn each_option_that_follows_redirects_is_seen() {
        let table = OptionTable::parse(&format!("{HELP}\n     --follow x"));
        for (option, follows) in [
            ("-L", true),
            ("--location", true),
            ("--follow", true),
            ("-s", false),
        ] {
            let arguments = [option.to_owned(), "https://a".to_owned()];
            let operations = Operation::parse(&arguments, &table).unwrap();
            let found = operations.first().map(Operation::follows_redirects);
            assert_eq!(found, Some(follows), "{option}");
        }
    }

    #[test]
    fn what_this_curl_does_not_know_is_refused() {
        for arguments in [
            &["--loc", "a"][..],
            &["--url=https://a"],
            &["--expand-url", "a"],
            &["-Q", "a"],
            &["-s:", "a"],
            &["-", "a"],
            &["-d"],
        ] {
            assert!(parse(arguments).is_err(), "{arguments:?}");
        }
    }
}
