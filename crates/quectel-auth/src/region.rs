use std::fmt;

/// A data centre whose address Quectel documents. Pass it wherever a base URL is expected.
///
/// ```
/// use quectel_auth::Region;
///
/// assert_eq!(Region::Europe.base_url(), "https://iot-api.acceleronix.io");
/// ```
///
/// Each region keeps its own data: a key of one is unknown in the other. Apps also use other hosts,
/// such as `https://iot-api.quectelus.com`; pass those as strings. Source: "OpenAPI List",
/// `/saasDevelop/OpenAPI`, iot-docs.acceleronix.io.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// `https://iot-api.quectelcn.com`
    China,
    /// `https://iot-api.acceleronix.io`
    Europe,
}

impl Region {
    /// Returns the URL of the region's API.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::China => "https://iot-api.quectelcn.com",
            Self::Europe => "https://iot-api.acceleronix.io",
        }
    }

    /// Returns the URL of the region's AMQP subscription, for which
    /// [`AccessKey::amqp_login`](crate::AccessKey::amqp_login) returns the login.
    pub const fn amqp_url(self) -> &'static str {
        match self {
            Self::China => "amqps://iot-amqp.quectelcn.com:5671/quec-open",
            Self::Europe => "amqps://iot-amqp.acceleronix.io:5671/quec-open",
        }
    }
}

impl AsRef<str> for Region {
    fn as_ref(&self) -> &str {
        self.base_url()
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.base_url())
    }
}
