//! `google-cloud-auth`: a user's credentials with a token URL of their own.

use google_cloud_auth::credentials::user_account::Builder;
use google_cloud_auth::credentials::{
    AccessToken, AccessTokenCredentials, CacheableResource, CredentialsProvider as _,
};
use http::header::AUTHORIZATION;
use http::{Extensions, HeaderValue};
use serde_json::json;

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct GoogleCloudAuth(AccessTokenCredentials);

impl Peer for GoogleCloudAuth {
    type Native<'a> = AccessToken;

    const ABOUT: About = About {
        name: "google-cloud-auth",
        dependencies: &["google-cloud-auth"],
        call: "`access_token`, `headers`",
        expiry: "a task renews 4 min before the end; callers wait if the token has expired",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let user = json!({
            "type": "authorized_user",
            "client_id": "app",
            "client_secret": "secret",
            "refresh_token": "R",
        });
        let builder = Builder::new(user).with_token_uri(setting.token_url());
        Ok(Self(builder.build_access_token_credentials()?))
    }

    async fn token(&self) -> Result<AccessToken, Error> {
        Ok(self.0.access_token().await?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        let CacheableResource::New { mut data, .. } = self.0.headers(Extensions::new()).await?
        else {
            return Err("not asked with a tag".into());
        };
        put(data.remove(AUTHORIZATION).ok_or("no header")?);
        Ok(())
    }
}
