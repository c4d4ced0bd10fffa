//! How a grant at an OAuth 2.0 server begins.

use vendor_auth::oauth2::OAuth2;

use super::{GrantKind, OAuth2Settings, Server};
use crate::config::document::Mistake;
use crate::config::login::{AuthorizationServer, BrowserLogin, Login, Redirect};
use crate::config::reader::Reader;

/// Parameters of the authorization URL that the login itself sets, or that change how the browser
/// comes back.
const OURS: [&str; 8] = [
    "client_id",
    "code_challenge",
    "code_challenge_method",
    "redirect_uri",
    "response_mode",
    "response_type",
    "scope",
    "state",
];

impl OAuth2Settings {
    pub(crate) fn login(&self, endpoint: &OAuth2, reader: &Reader<'_>) -> Result<Login, Mistake> {
        // The products document where their authorize page is.
        let has_page = self.authorize_url.is_some() || self.server != Server::Any;
        match self.grant {
            GrantKind::ClientCredentials => return Ok(Login::Unneeded),
            _ if self.server == Server::BambooCloudTenant => return Ok(Login::Unneeded),
            GrantKind::RefreshToken => return Ok(Login::RefreshToken),
            GrantKind::AuthorizationCode if has_page => {}
            GrantKind::AuthorizationCode if reader.has_refresh_token() => {
                return Ok(Login::RefreshToken);
            }
            GrantKind::AuthorizationCode => return Err(reader.missing("authorize_url")),
        }
        let parameters = self.authorize_parameters.clone();
        if let Some(name) = OURS.iter().find(|name| parameters.contains_key(**name)) {
            let why = format!("has `{name}`, which the login sets; remove it");
            return Err(reader.mistake_at("authorize_parameters", why));
        }
        Ok(Login::Browser(BrowserLogin {
            server: AuthorizationServer::OAuth2 {
                endpoint: endpoint.clone(),
                parameters,
            },
            redirect: self.redirect(reader)?,
        }))
    }

    fn redirect(&self, reader: &Reader<'_>) -> Result<Redirect, Mistake> {
        let (port, path) = (self.redirect_port, self.redirect_path.as_deref());
        let Some(uri) = &self.redirect_uri else {
            let redirect = Redirect::loopback(port.map(Into::into), path);
            return redirect.map_err(|why| reader.mistake_at("redirect_path", why));
        };
        if port.is_some() || path.is_some() {
            let why = "is set beside `redirect_port` or `redirect_path`; remove one";
            return Err(reader.mistake_at("redirect_uri", why));
        }
        Redirect::fixed(uri).map_err(|why| reader.mistake_at("redirect_uri", why))
    }
}
