//! Envision's EnOS.

use serde::Deserialize;
use vendor_auth::enos_apim::{EnosApim, TimestampAs};

use crate::config::document::Mistake;
use crate::config::reader::Reader;
use crate::config::secret::SecretSource;

/// `vendor = "enos-apim"`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EnosApimSettings {
    /// The API gateway.
    url: String,
    app_key: String,
    app_secret: SecretSource,
    /// The first segment of the token service's path.
    token_service: Option<String>,
    #[serde(default)]
    timestamp_as: TimestampKind,
}

#[derive(Clone, Copy, Debug, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
enum TimestampKind {
    #[default]
    Number,
    Text,
}

impl EnosApimSettings {
    pub(crate) fn endpoint(&self, reader: &Reader<'_>) -> Result<EnosApim, Mistake> {
        let mut builder = EnosApim::builder(&self.url)
            .app_key(&self.app_key)
            .app_secret(reader.secret("app_secret", &self.app_secret)?)
            .timestamp_as(match self.timestamp_as {
                TimestampKind::Number => TimestampAs::Number,
                TimestampKind::Text => TimestampAs::Text,
            });
        if let Some(segment) = &self.token_service {
            builder = builder.token_service(segment);
        }
        if reader.allows_plain_http() {
            builder = builder.allow_plain_http();
        }
        builder.build().map_err(|error| reader.mistake(&error))
    }
}
