//! Clients that do not take a token to another host.

use std::ops::Deref;

use reqwest::redirect::{Action, Attempt, Policy};
use token_core::{BuildError, Error, ErrorKind};

use crate::redirects::follows_none;

/// A `reqwest::Client` for API requests with a token: redirects do not take the token to another
/// host.
///
/// ```
/// use token_reqwest::ApiClient;
///
/// let http = ApiClient::from_builder(reqwest::Client::builder().tcp_nodelay(true))?;
/// let request = http.get("https://api.example.com/devices").build();
/// # Ok::<(), token_core::BuildError>(())
/// ```
///
/// reqwest follows redirects by default, and the headers of the original request go with each of
/// them. It removes `Authorization` when the host changes, but not on the next redirect within the
/// new host (reqwest 0.13.5), and never a vendor's own header. A token in the query gets into the
/// referer, and one in the body is sent again after 307 and 308.
#[derive(Clone, Debug)]
pub struct ApiClient(reqwest::Client);

impl ApiClient {
    /// Builds a client that follows redirects within a scheme, host and port, at most ten in a row.
    /// A redirect to elsewhere is returned as the answer. No referer is sent, and
    /// `connection_verbose`, which logs every byte, is disabled. All else is as the builder says.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if reqwest cannot build the client.
    pub fn from_builder(settings: reqwest::ClientBuilder) -> Result<Self, BuildError> {
        let settings = settings
            .redirect(Policy::custom(within_origin))
            .referer(false)
            .connection_verbose(false);
        settings
            .build()
            .map(Self)
            .map_err(|_| BuildError::invalid("settings", "are refused by reqwest"))
    }

    /// Uses a client that the program already has, and that follows no redirects.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if the client may follow redirects. The policy is read from the client's
    /// `Debug` output, which does not tell what a custom policy does.
    pub fn from_client(client: reqwest::Client) -> Result<Self, BuildError> {
        match follows_none(&client) {
            true => Ok(Self(client)),
            false => Err(BuildError::invalid(
                "client",
                "may follow redirects; build it with `redirect(reqwest::redirect::Policy::none())`",
            )),
        }
    }

    /// Returns the client of reqwest.
    pub fn into_inner(self) -> reqwest::Client {
        self.0
    }
}

impl Deref for ApiClient {
    type Target = reqwest::Client;

    fn deref(&self) -> &reqwest::Client {
        &self.0
    }
}

fn within_origin(attempt: Attempt<'_>) -> Action {
    let from = attempt.previous().last();
    match from.is_some_and(|from| from.origin() == attempt.url().origin()) {
        true => Policy::default().redirect(attempt),
        false => attempt.stop(),
    }
}

/// What [`Execute`](crate::Execute) sends requests with: an [`ApiClient`], or a `reqwest::Client`
/// that follows no redirects.
pub trait ApiSender: Checked {}

impl ApiSender for ApiClient {}
impl ApiSender for reqwest::Client {}

/// Cannot be implemented outside.
pub trait Checked: Sync {
    /// Returns the client if it takes no token to another host.
    #[doc(hidden)]
    fn checked(&self) -> Result<&reqwest::Client, Error>;
}

impl Checked for ApiClient {
    fn checked(&self) -> Result<&reqwest::Client, Error> {
        Ok(&self.0)
    }
}

impl Checked for reqwest::Client {
    fn checked(&self) -> Result<&reqwest::Client, Error> {
        match follows_none(self) {
            true => Ok(self),
            false => Err(Error::new(
                ErrorKind::Config,
                "the reqwest client may follow redirects, and would then take the token to other \
                 hosts: build it with `redirect(reqwest::redirect::Policy::none())`, or by \
                 `ApiClient::from_builder`",
            )),
        }
    }
}
