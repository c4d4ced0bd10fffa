use std::fmt;

/// The data centres whose address Quectel documents; it can be given wherever a base URL is asked
/// for.
///
/// ```
/// use quectel_auth::Region;
///
/// assert_eq!(Region::Europe.base_url(), "https://iot-api.acceleronix.io");
/// ```
///
/// Data is kept apart by region, and a key of one is unknown in the other. Clients in the field
/// also talk to other hosts, such as `https://iot-api.quectelus.com`: give those as a text. Source:
/// "OpenAPI List", `/saasDevelop/OpenAPI`, iot-docs.acceleronix.io.
#[non_exhaustive]
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Region {
    /// `https://iot-api.quectelcn.com`
    China,
    /// `https://iot-api.acceleronix.io`
    Europe,
}

impl Region {
    /// Where the region's API is.
    pub const fn base_url(self) -> &'static str {
        match self {
            Self::China => "https://iot-api.quectelcn.com",
            Self::Europe => "https://iot-api.acceleronix.io",
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
