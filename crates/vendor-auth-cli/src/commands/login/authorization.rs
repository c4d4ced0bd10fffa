//! One authorization: its URL, the redirect that answers it, and the code's redemption.

use vendor_auth::oauth2::{OAuth2, Pkce, State};
use vendor_auth::privcloud::PrivateCloud;
use vendor_auth::{Error, ErrorKind, OneTimeGrant, Secret};

use crate::config::login::AuthorizationServer;
use crate::failure::Failure;

/// An authorization under way. What it keeps never leaves this process, except for the state and
/// the challenge in the URL.
///
/// Others who see the URL cannot get the token: the code goes to the browser of the person, and a
/// code without the verifier is worth nothing (RFC 7636 section 1). But they could bring a code of
/// an account of theirs, so the URL is not in the arguments of the browser's process.
#[derive(Debug)]
pub(super) struct Authorization {
    pub(super) url: String,
    redirect_uri: String,
    session: Session,
}

#[derive(Debug)]
enum Session {
    OAuth2 {
        endpoint: OAuth2,
        state: State,
        pkce: Pkce,
    },
    PrivateCloud {
        endpoint: PrivateCloud,
        data: Secret,
    },
}

/// What a redirect means.
#[derive(Debug)]
pub(super) enum Answer {
    /// The person authorized the program.
    Code(Secret),
    /// The server refused, or the person did.
    Refused(Error),
    /// It does not answer this authorization: anybody can send such a redirect.
    NotOurs(Error),
}

impl Authorization {
    pub(super) fn new(server: &AuthorizationServer, redirect_uri: String) -> Result<Self, Failure> {
        let state = State::from_random(random()?);
        let (url, session) = match server {
            AuthorizationServer::OAuth2 {
                endpoint,
                parameters,
            } => {
                let pkce = Pkce::from_random(random()?);
                let url = endpoint.authorize_url(&redirect_uri, &state).pkce(&pkce);
                let parameters = parameters.iter();
                let url = parameters.fold(url, |url, (name, value)| url.parameter(name, value));
                let endpoint = endpoint.clone();
                let session = Session::OAuth2 {
                    endpoint,
                    state,
                    pkce,
                };
                (url.build(), session)
            }
            AuthorizationServer::PrivateCloud(endpoint) => {
                let data = state.secret().clone();
                let url = endpoint.authorize_url(&redirect_uri, data.expose());
                let url = url.map_err(|error| Failure::config(error.to_string()))?;
                let endpoint = endpoint.clone();
                (url, Session::PrivateCloud { endpoint, data })
            }
        };
        Ok(Self {
            url,
            redirect_uri,
            session,
        })
    }

    /// Reads a redirect: a URL, or its query alone.
    pub(super) fn read(&self, redirect: &str) -> Answer {
        let read = match &self.session {
            Session::OAuth2 {
                endpoint, state, ..
            } => endpoint.read_redirect(redirect, state),
            Session::PrivateCloud { endpoint, data } => {
                endpoint.read_redirect(redirect, data.expose())
            }
        };
        match read {
            Ok(code) => Answer::Code(code),
            // Only after the state was found to be ours, a server's error is read.
            Err(error) if error.code().is_some() => Answer::Refused(error),
            Err(error) => Answer::NotOurs(error),
        }
    }

    /// Returns the redemption of a code.
    pub(super) fn redeem(&self, code: Secret) -> OneTimeGrant {
        let redirect_uri = &self.redirect_uri;
        match &self.session {
            Session::OAuth2 { endpoint, pkce, .. } => {
                endpoint.redeem_code(&code, redirect_uri, Some(pkce))
            }
            Session::PrivateCloud { endpoint, .. } => endpoint.redeem_code(code, redirect_uri),
        }
    }
}

/// Returns what is wrong with a redirect that does not answer this authorization.
pub(super) fn why_not_ours(error: &Error) -> &'static str {
    match error.kind() {
        ErrorKind::Protocol => "it has no code, or a parameter twice",
        _ => "it belongs to another login, or comes from another server",
    }
}

pub(super) fn random() -> Result<[u8; 32], Failure> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)
        .map_err(|error| Failure::store(format!("there are no random numbers: {error}")))?;
    Ok(bytes)
}
