//! What a profile says about its vendor.

mod enos_apim;
mod oauth2;
mod private_cloud;
mod quectel;

use vendor_auth::TokenEndpoint;

use self::enos_apim::EnosApimSettings;
use self::oauth2::OAuth2Settings;
use self::private_cloud::PrivateCloudSettings;
use self::quectel::{AccessKeySettings, EndUserSettings};
use super::document::{Document, Lines, Mistake, Table};
use super::login::Login;
use super::reader::Reader;
use crate::failure::Failure;

/// The settings of a vendor.
#[derive(Clone, Debug)]
pub(crate) enum Vendor {
    QuectelAccessKey(AccessKeySettings),
    QuectelEndUser(EndUserSettings),
    EnosApim(EnosApimSettings),
    PrivateCloud(PrivateCloudSettings),
    OAuth2(OAuth2Settings),
}

/// What `vendor` may be.
pub(crate) const NAMES: [&str; 8] = [
    "oauth2",
    "bamboocloud",
    "bamboocloud-tenant",
    "oneaccess",
    "quectel-access-key",
    "quectel-end-user",
    "enos-apim",
    "private-cloud",
];

impl Vendor {
    /// Reads the settings that this vendor has.
    pub(super) fn read<'a>(
        document: &Document<'a>,
        kind: &str,
        lines: &Lines,
        table: Table<'a>,
    ) -> Result<Self, Failure> {
        let section = lines.section();
        match kind {
            "quectel-access-key" => document.read(section, table).map(Self::QuectelAccessKey),
            "quectel-end-user" => document.read(section, table).map(Self::QuectelEndUser),
            "enos-apim" => document.read(section, table).map(Self::EnosApim),
            "private-cloud" => document.read(section, table).map(Self::PrivateCloud),
            _ => match oauth2::Server::named(kind) {
                Some(server) => {
                    let settings: OAuth2Settings = document.read(section, table)?;
                    Ok(Self::OAuth2(settings.of(server)))
                }
                None => {
                    let why = format!("is not a vendor; write {}", Self::names());
                    Err(document.mistake(&lines.mistake("vendor", why)))
                }
            },
        }
    }

    /// Returns what may be written as `vendor`.
    pub(super) fn names() -> String {
        let quoted: Vec<_> = NAMES.iter().map(|name| format!("{name:?}")).collect();
        quoted.join(", ")
    }

    /// Returns whether the program can log in again whenever it has to.
    pub(crate) fn logs_in_itself(&self) -> bool {
        match self {
            Self::QuectelAccessKey(_) | Self::EnosApim(_) => true,
            Self::QuectelEndUser(_) | Self::PrivateCloud(_) => false,
            Self::OAuth2(settings) => settings.logs_in_itself(),
        }
    }

    /// Returns how people call the vendor.
    pub(crate) fn display_name(&self) -> &'static str {
        match self {
            Self::QuectelAccessKey(_) => "Quectel, access key",
            Self::QuectelEndUser(_) => "Quectel, end user",
            Self::EnosApim(_) => "EnOS",
            Self::PrivateCloud(_) => "private cloud",
            Self::OAuth2(_) => "OAuth 2.0",
        }
    }

    /// Returns whether each API request is signed, so that no header is good for two.
    pub(crate) fn signs_requests(&self) -> bool {
        matches!(self, Self::EnosApim(_))
    }

    /// Returns whether tokens can be revoked, once `revocation_url` is known.
    pub(crate) fn may_revoke(&self) -> bool {
        matches!(self, Self::OAuth2(_))
    }

    /// Returns the endpoint, and how its grant begins.
    pub(super) fn endpoint_and_login(
        &self,
        reader: &Reader<'_>,
    ) -> Result<(Box<dyn TokenEndpoint>, Login), Mistake> {
        Ok(match self {
            Self::QuectelEndUser(settings) => {
                let endpoint = settings.endpoint(reader)?;
                let login = settings.login(&endpoint);
                (Box::new(endpoint), login)
            }
            Self::PrivateCloud(settings) => {
                let endpoint = settings.endpoint(reader)?;
                let login = settings.login(&endpoint, reader)?;
                (Box::new(endpoint), login)
            }
            Self::OAuth2(settings) => {
                let endpoint = settings.endpoint(reader)?;
                let login = settings.login(&endpoint, reader)?;
                (Box::new(endpoint), login)
            }
            Self::QuectelAccessKey(_) | Self::EnosApim(_) => {
                (self.endpoint(reader)?, Login::Unneeded)
            }
        })
    }

    /// Returns the endpoint.
    pub(super) fn endpoint(&self, reader: &Reader<'_>) -> Result<Box<dyn TokenEndpoint>, Mistake> {
        Ok(match self {
            Self::QuectelAccessKey(settings) => Box::new(settings.endpoint(reader)?),
            Self::QuectelEndUser(settings) => Box::new(settings.endpoint(reader)?),
            Self::EnosApim(settings) => Box::new(settings.endpoint(reader)?),
            Self::PrivateCloud(settings) => Box::new(settings.endpoint(reader)?),
            Self::OAuth2(settings) => Box::new(settings.endpoint(reader)?),
        })
    }
}
