//! Where `serve` listens.

use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::str::FromStr;

use super::places;
use crate::failure::Failure;

/// An address on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// A socket that only this user can connect to.
    Unix(PathBuf),
    /// A loopback port, which every user of this machine can connect to.
    Tcp(SocketAddr),
}

/// What may be written.
const FORMS: &str = "write unix:PATH, 127.0.0.1:PORT or [::1]:PORT";

impl Address {
    /// Returns the socket in this user's runtime directory.
    pub(super) fn of_this_user() -> Result<Self, Failure> {
        match cfg!(unix) {
            true => Ok(Self::Unix(places::private_directory()?.join("serve.sock"))),
            false => Err(Failure::usage(
                "this system has no Unix sockets; write --listen 127.0.0.1:PORT",
            )),
        }
    }

    pub(super) fn is_tcp(&self) -> bool {
        matches!(self, Self::Tcp(_))
    }
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(path) = text.strip_prefix("unix:") {
            return match path {
                "" => Err(format!("has no path; {FORMS}")),
                path => Ok(Self::Unix(path.into())),
            };
        }
        let numeric = match text.strip_prefix("localhost:") {
            Some(port) => format!("127.0.0.1:{port}"),
            None => text.to_owned(),
        };
        match numeric.parse::<SocketAddr>() {
            Ok(address) if address.ip().is_loopback() => Ok(Self::Tcp(address)),
            Ok(_) => Err(format!(
                "can be reached from other machines, which would get tokens; {FORMS}"
            )),
            Err(_) => Err(format!("is not an address; {FORMS}")),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
            Self::Tcp(address) => write!(f, "http://{address}/"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_listened_to() {
        for text in ["127.0.0.1:80", "[::1]:80", "localhost:80", "127.9.9.9:0"] {
            assert!(text.parse::<Address>().unwrap().is_tcp(), "{text}");
        }
        let unix = "unix:/run/a.sock".parse::<Address>().unwrap();
        assert_eq!(unix, Address::Unix("/run/a.sock".into()));
        for text in [
            "0.0.0.0:80",
            "10.0.0.1:80",
            "[::]:80",
            "80",
            "unix:",
            "example.com:80",
        ] {
            let why = text.parse::<Address>().unwrap_err();
            assert!(why.ends_with(FORMS), "{text}: {why}");
        }
    }
}
