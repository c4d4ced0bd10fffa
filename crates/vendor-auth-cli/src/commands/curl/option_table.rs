//! The options of the installed curl, as its own help lists them.

use std::collections::BTreeMap;

/// Which options there are, and which take a value.
#[derive(Debug, Default)]
pub(super) struct OptionTable {
    long: BTreeMap<String, Takes>,
    short: BTreeMap<char, String>,
}

/// What follows an option.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Takes {
    Nothing,
    Value,
}

impl OptionTable {
    /// Reads what `curl --help all` prints: ` -o, --output <file>    Write to file …`.
    pub(super) fn parse(help: &str) -> Self {
        let mut table = Self::default();
        for line in help.lines().map(str::trim_start) {
            table.add(line);
        }
        table
    }

    /// Returns what follows a long option, which is written in full; `None` if there is none of
    /// this name.
    pub(super) fn long(&self, name: &str) -> Option<Takes> {
        self.long.get(name).copied().or_else(|| {
            let switch = name.strip_prefix("no-")?;
            let found = self.long.get(switch).copied();
            found.filter(|takes| *takes == Takes::Nothing)
        })
    }

    /// Returns the long name of a short option.
    pub(super) fn short(&self, letter: char) -> Option<&str> {
        self.short.get(&letter).map(String::as_str)
    }

    fn add(&mut self, line: &str) {
        let (short, rest) = match line.split_once(", --") {
            Some((short, rest)) if short.chars().count() == 2 => (
                short.strip_prefix('-').and_then(|it| it.chars().next()),
                rest,
            ),
            _ => match line.strip_prefix("--") {
                Some(rest) => (None, rest),
                None => return,
            },
        };
        let (name, rest) = rest.split_once(' ').unwrap_or((rest, ""));
        let takes = match rest.trim_start().starts_with(['<', '[']) {
            true => Takes::Value,
            false => Takes::Nothing,
        };
        if let Some(letter) = short {
            self.short.insert(letter, name.to_owned());
        }
        if let Some(switch) = name.strip_prefix("no-") {
            self.long.insert(switch.to_owned(), takes);
        }
        self.long.insert(name.to_owned(), takes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HELP: &str = "Usage: curl [options...] <url>
     --abstract-unix-socket <path> Connect via abstract Unix domain socket
 -E, --cert <certificate[:password]> Client certificate file and password
 -:, --next               Make next URL use its separate set of options
 -#, --progress-bar       Display transfer progress as a bar
     --no-keepalive       Disable TCP keepalive on the connection
 -x, --proxy [protocol://]host[:port] Use this proxy
     --suppress-connect-headers Suppress proxy CONNECT response headers
 -o, --output <file>      Write to file instead of stdout";

    #[test]
    fn the_help_tells_which_options_take_a_value() {
        let table = OptionTable::parse(HELP);
        let rows = [
            ("abstract-unix-socket", Some(Takes::Value)),
            ("cert", Some(Takes::Value)),
            ("next", Some(Takes::Nothing)),
            ("no-keepalive", Some(Takes::Nothing)),
            ("keepalive", Some(Takes::Nothing)),
            ("no-progress-bar", Some(Takes::Nothing)),
            ("proxy", Some(Takes::Value)),
            ("no-proxy", None),
            ("suppress-connect-headers", Some(Takes::Nothing)),
            ("output", Some(Takes::Value)),
            ("outpu", None),
            ("expand-url", None),
        ];
        for (name, takes) in rows {
            assert_eq!(table.long(name), takes, "{name}");
        }
        assert_eq!(table.short(':'), Some("next"));
        assert_eq!(table.short('E'), Some("cert"));
        assert_eq!(table.short('Z'), None);
    }
}
