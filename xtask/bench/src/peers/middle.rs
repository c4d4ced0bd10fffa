//! `middle`: a task renews a header, callers share it.

use std::sync::Arc;

use http::HeaderValue;
use middle::{Authorizer as _, BasicClientCredentialAuthorizer};

use crate::peer::{About, Error, Kind, Peer};
use crate::setting::Setting;

pub struct Middle(BasicClientCredentialAuthorizer);

impl Peer for Middle {
    type Native<'a> = Arc<HeaderValue>;

    const ABOUT: About = About {
        name: "middle",
        dependencies: &["middle"],
        call: "`Authorizer::authorization_header`",
        expiry: "a task renews 30 s before the end; once the token has expired, every 30 s",
        kind: Kind::Published,
    };

    async fn build(setting: &Setting) -> Result<Self, Error> {
        let url = setting.token_url().parse()?;
        let builder = BasicClientCredentialAuthorizer::basic_builder("app", "secret", url);
        let builder = builder.set_http_client(super::aliri::CLIENT.clone());
        Ok(Self(builder.build().await?))
    }

    async fn token(&self) -> Result<Arc<HeaderValue>, Error> {
        Ok(self.0.authorization_header()?)
    }

    async fn header(&self, put: impl FnOnce(HeaderValue) + Send) -> Result<(), Error> {
        put(HeaderValue::clone(&*self.0.authorization_header()?));
        Ok(())
    }
}
