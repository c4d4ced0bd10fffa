//! Where a secret comes from: never from the configuration itself or from an argument.

pub(crate) mod program;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde::de::{self, Deserializer, MapAccess, Visitor};
use vendor_auth::Secret;

use super::document::resolve;
use crate::text_file;

/// Where a secret is read when it is needed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SecretSource {
    /// `{ env = "NAME" }`: an environment variable.
    Env(String),
    /// `{ file = "PATH" }`: a file's text, without the line feed at its end.
    File(PathBuf),
    /// `{ keyring = "SERVICE/USER" }`: the operating system's keyring.
    Keyring { service: String, user: String },
    /// `{ command = ["PROGRAM", "ARG", …] }`: the first line that a program prints.
    Command(Vec<String>),
}

/// What may be written in place of a secret.
pub(crate) const FORMS: &str = "write { env = \"NAME\" }, { file = \"PATH\" }, \
     { keyring = \"SERVICE/USER\" } or { command = [\"PROGRAM\", \"ARG\"] }";

impl SecretSource {
    /// Reads the secret that this configuration means. The text of a failure completes
    /// "`client_secret`: …".
    pub(crate) fn read(&self, config: &Path) -> Result<Secret, String> {
        let secret = match self {
            Self::Env(name) => from_env(name)?,
            Self::File(path) => from_file(&resolve(config, path))?,
            Self::Keyring { service, user } => from_keyring(service, user)?,
            Self::Command(command) => program::printed(config, command)?,
        };
        match secret.is_blank() {
            true => Err(format!("{self} is empty")),
            false => Ok(secret),
        }
    }
}

impl SecretSource {
    /// Returns false if there is nothing to read. What a program or a keyring has is not known
    /// before it is read.
    pub(crate) fn is_there(&self, config: &Path) -> bool {
        match self {
            Self::Env(name) => std::env::var_os(name).is_some(),
            // Why it cannot be looked for, whoever reads it says.
            Self::File(path) => resolve(config, path).try_exists().unwrap_or(true),
            Self::Keyring { .. } | Self::Command(_) => true,
        }
    }
}

impl fmt::Display for SecretSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Env(name) => write!(f, "the environment variable {name}"),
            Self::File(path) => write!(f, "the file {}", path.display()),
            Self::Keyring { service, user } => write!(f, "the keyring's entry {service}/{user}"),
            Self::Command(command) => {
                let program = command.first().map_or("", String::as_str);
                write!(f, "the output of `{program}`")
            }
        }
    }
}

fn from_env(name: &str) -> Result<Secret, String> {
    match std::env::var(name) {
        Ok(text) => Ok(Secret::from(text)),
        Err(std::env::VarError::NotPresent) => {
            Err(format!("the environment variable {name} is not set"))
        }
        Err(_) => Err(format!("the environment variable {name} is not UTF-8")),
    }
}

fn from_file(path: &Path) -> Result<Secret, String> {
    let text = text_file::read(path)
        .map_err(|error| format!("the file {} cannot be read: {error}", path.display()))?;
    Ok(first_line(&text))
}

#[cfg(feature = "keyring")]
fn from_keyring(service: &str, user: &str) -> Result<Secret, String> {
    let entry = keyring::Entry::new(service, user);
    let password = entry.and_then(|entry| entry.get_password());
    let password = password
        .map_err(|error| format!("the keyring's entry {service}/{user} cannot be read: {error}"))?;
    Ok(Secret::from(password))
}

#[cfg(not(feature = "keyring"))]
fn from_keyring(_service: &str, _user: &str) -> Result<Secret, String> {
    Err("this program was built without the feature `keyring`".to_owned())
}

/// Returns the first line, as password managers print the password there.
fn first_line(text: &str) -> Secret {
    let line = text.lines().next().unwrap_or_default();
    Secret::from(line)
}

impl<'de> Deserialize<'de> for SecretSource {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Sources)
    }
}

struct Sources;

impl<'de> Visitor<'de> for Sources {
    type Value = SecretSource;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "where the secret comes from; {FORMS}")
    }

    fn visit_str<E: de::Error>(self, _text: &str) -> Result<SecretSource, E> {
        Err(written())
    }

    // A password of digits without quotes, whose text serde would repeat.
    fn visit_i64<E: de::Error>(self, _number: i64) -> Result<SecretSource, E> {
        Err(written())
    }

    fn visit_f64<E: de::Error>(self, _number: f64) -> Result<SecretSource, E> {
        Err(written())
    }

    fn visit_map<M: MapAccess<'de>>(self, mut map: M) -> Result<SecretSource, M::Error> {
        let kind: Option<String> = map.next_key()?;
        let source = match kind.as_deref() {
            Some("env") => SecretSource::Env(value(&mut map)?),
            Some("file") => SecretSource::File(value(&mut map)?),
            Some("command") => SecretSource::Command(value(&mut map)?),
            Some("keyring") => entry(&value::<String, _>(&mut map)?).map_err(de::Error::custom)?,
            _ => return Err(de::Error::custom(FORMS)),
        };
        match map.next_key::<String>()? {
            None => Ok(source),
            Some(_) => Err(de::Error::custom(format!("more than one source; {FORMS}"))),
        }
    }
}

/// Returns the failure of a secret in the configuration itself, which is not repeated.
fn written<E: de::Error>() -> E {
    E::custom(format!("a secret is not written in this file; {FORMS}"))
}

/// Reads where a secret is. What is written instead may be the secret, and is not repeated.
fn value<'de, T: Deserialize<'de>, M: MapAccess<'de>>(map: &mut M) -> Result<T, M::Error> {
    map.next_value().map_err(|_| de::Error::custom(FORMS))
}

fn entry(text: &str) -> Result<SecretSource, String> {
    match text.split_once('/') {
        Some((service, user)) if !service.is_empty() && !user.is_empty() => {
            Ok(SecretSource::Keyring {
                service: service.to_owned(),
                user: user.to_owned(),
            })
        }
        _ => Err("must be a service and a user; write { keyring = \"SERVICE/USER\" }".to_owned()),
    }
}
