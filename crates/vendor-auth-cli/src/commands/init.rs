//! Writes a first configuration.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use clap::builder::PossibleValuesParser;
use vendor_auth::Secret;

use super::token::{print, replace};
use crate::config;
use crate::directory;
use crate::failure::Failure;

const HEADER: &str = include_str!("init/header.toml");
const STORE: &str = include_str!("init/store.toml");

/// A profile for each vendor.
const BLOCKS: [(&str, &str); 8] = [
    ("oauth2", include_str!("init/oauth2.toml")),
    ("bamboocloud", include_str!("init/bamboocloud.toml")),
    (
        "bamboocloud-tenant",
        include_str!("init/bamboocloud-tenant.toml"),
    ),
    ("oneaccess", include_str!("init/oneaccess.toml")),
    (
        "quectel-access-key",
        include_str!("init/quectel-access-key.toml"),
    ),
    (
        "quectel-end-user",
        include_str!("init/quectel-end-user.toml"),
    ),
    ("enos-apim", include_str!("init/enos-apim.toml")),
    ("private-cloud", include_str!("init/private-cloud.toml")),
];

/// The arguments of `init`.
#[derive(Debug, Args)]
pub(crate) struct InitArgs {
    /// A profile for this vendor only, ready to be filled in. Default: all vendors, as comments
    #[arg(long, value_parser = PossibleValuesParser::new(BLOCKS.map(|(name, _)| name)))]
    vendor: Option<String>,

    /// Prints the configuration, and writes nothing
    #[arg(long, conflicts_with = "force")]
    print: bool,

    /// Replaces a configuration that exists
    #[arg(long)]
    force: bool,
}

pub(crate) fn run(given: Option<PathBuf>, args: &InitArgs) -> Result<ExitCode, Failure> {
    let text = Secret::from(configuration(args.vendor.as_deref()));
    if args.print {
        print(&text)?;
        return Ok(ExitCode::SUCCESS);
    }
    let path = given.map_or_else(config::default_path, Ok)?;
    if fs::symlink_metadata(&path).is_ok() && !args.force {
        return Err(Failure::config(format!(
            "{} exists; write --force to replace it, or --print to see a new one",
            path.display()
        )));
    }
    make_parent(&path)?;
    replace(&path, &text, 0o600)?;
    let next = match &args.vendor {
        Some(_) => "fill in its profile",
        None => "remove the `#` before the lines of your vendor",
    };
    print(&Secret::from(format!("{}: {next}\n", path.display())))?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the text for one vendor, or for all of them as comments.
fn configuration(vendor: Option<&str>) -> String {
    let meant = |name: &str| vendor.is_none_or(|wanted| wanted == name);
    let blocks = BLOCKS.iter().filter(|(name, _)| meant(name));
    let blocks = blocks.map(|(_, block)| match vendor {
        Some(_) => (*block).to_owned(),
        None => commented(block),
    });
    let blocks: String = blocks.collect();
    format!("{HEADER}{STORE}{blocks}")
}

/// Makes every setting a comment.
fn commented(block: &str) -> String {
    let lines = block.lines().map(|line| match line {
        "" => "\n".to_owned(),
        comment if comment.starts_with('#') => format!("{comment}\n"),
        setting => format!("#{setting}\n"),
    });
    lines.collect()
}

fn make_parent(path: &Path) -> Result<(), Failure> {
    let parent = directory::of_file(path);
    directory::make_private(parent)
        .map_err(|error| Failure::store(format!("{}: {error}", parent.display())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;
    use crate::config::profile::Credentials;
    use crate::config::vendors::NAMES;

    /// Removes the `#` before each setting.
    fn uncommented(text: &str) -> String {
        let lines = text.lines().map(|line| match line.strip_prefix('#') {
            Some(setting) if !setting.starts_with(' ') => format!("{setting}\n"),
            _ => format!("{line}\n"),
        });
        lines.collect()
    }

    #[track_caller]
    fn parsed(text: &str) -> Config {
        Config::parse(Path::new("/config.toml"), text)
            .unwrap_or_else(|failure| panic!("{failure}\n{text}"))
    }

    #[test]
    fn every_block_is_a_profile_with_and_without_what_is_optional() {
        for (name, _) in BLOCKS {
            let text = configuration(Some(name));
            let optional = uncommented(&text);
            for text in [text, optional] {
                let config = parsed(&text);
                let profile = config.profiles().next().unwrap();
                let endpoint = profile.endpoint(Credentials::Omitted);
                endpoint.unwrap_or_else(|mistake| panic!("{name}: {mistake:?}"));
            }
        }
    }

    #[test]
    fn all_of_it_is_comments_that_become_a_profile_for_each_vendor() {
        let text = configuration(None);
        let lines = text.lines();
        assert!(
            lines
                .clone()
                .all(|line| line.is_empty() || line.starts_with('#'))
        );
        assert!(lines.clone().all(|line| line.len() <= 100), "{text}");
        assert_eq!(parsed(&text).profiles().count(), 0);
        assert_eq!(parsed(&uncommented(&text)).profiles().count(), BLOCKS.len());
    }

    #[test]
    fn every_vendor_has_a_block() {
        assert_eq!(BLOCKS.map(|(name, _)| name), NAMES);
    }
}
