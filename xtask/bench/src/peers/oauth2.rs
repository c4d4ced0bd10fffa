//! `oauth2`, which makes the request, and a lock of one's own around its answer.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use http::HeaderValue;
use oauth2::basic::{BasicClient, BasicTokenResponse};
use oauth2::{
    AccessToken, ClientId, ClientSecret, EndpointNotSet, EndpointSet, TokenResponse as _, TokenUrl,
};
use tokio::sync::RwLock;

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

type Client =
    BasicClient<EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointSet>;

static CLIENT: LazyLock<oauth2::reqwest::Client> = LazyLock::new(|| {
    let client = oauth2::reqwest::Client::builder();
    let client = client
        .redirect(oauth2::reqwest::redirect::Policy::none())
        .build();
    client.expect("there are root certificates")
});

pub struct OAuth2 {
    client: Client,
    http: oauth2::reqwest::Client,
    token: RwLock<Option<(BasicTokenResponse, Instant)>>,
}

const MARGIN: Duration = Duration::from_secs(30);

impl Peer for OAuth2 {
    type Native<'a> = AccessToken;

    const ABOUT: About = About {
        name: "oauth2",
        dependencies: &["oauth2", "tokio"],
        call: "`exchange_client_credentials`, in a `RwLock` of one's own",
        expiry: "none in the crate; by hand, a caller renews 30 s before the end",
        kind: Kind::ByHand,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let client = BasicClient::new(ClientId::new("app".to_owned()))
            .set_client_secret(ClientSecret::new("secret".to_owned()))
            .set_token_uri(TokenUrl::new(setting.token_url())?);
        let http = CLIENT.clone();
        let token = RwLock::new(None);
        Ok(Self {
            client,
            http,
            token,
        })
    }

    async fn token(&self) -> Result<AccessToken, Error> {
        let is_fresh = |end: &Instant| *end > Instant::now() + MARGIN;
        if let Some((token, end)) = &*self.token.read().await
            && is_fresh(end)
        {
            return Ok(token.access_token().clone());
        }
        let mut held = self.token.write().await;
        if let Some((token, end)) = &*held
            && is_fresh(end)
        {
            return Ok(token.access_token().clone());
        }
        let request = self.client.exchange_client_credentials();
        let issued = request.request_async(&self.http).await?;
        let end = Instant::now() + issued.expires_in().unwrap_or_default();
        let token = issued.access_token().clone();
        *held = Some((issued, end));
        Ok(token)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let token = self.token().await?;
        put(HeaderValue::try_from(format!("Bearer {}", token.secret()))?);
        Ok(())
    }
}
