//! Where one of the server's endpoints is.

use token_core::{BaseUrl, BuildError, PlainHttp, Request, RequestBuilder};

#[derive(Clone)]
pub(crate) struct Place {
    base: BaseUrl,
    path: String,
}

impl Place {
    /// A path below `base`, or a whole URL. It may have a query, which is kept (RFC 6749 section 3.2).
    pub(crate) fn parse(
        text: &str,
        base: &BaseUrl,
        plain_http: PlainHttp,
        field: &'static str,
    ) -> Result<Self, BuildError> {
        let fits = |byte: u8| byte.is_ascii_graphic() && byte != b'#';
        if !text.bytes().all(fits) {
            return Err(BuildError::invalid(
                field,
                "must be percent-encoded and without a fragment",
            ));
        }
        if text.starts_with('/') {
            return Ok(Self {
                base: base.clone(),
                path: text.to_owned(),
            });
        }
        let (origin, path) =
            split(text).ok_or(BuildError::invalid(field, "must start with a slash or be a URL"))?;
        let base = BaseUrl::parse(&origin, plain_http).map_err(|_| {
            BuildError::invalid(
                field,
                "is no https URL; for plain http, which sends secrets in the clear, use allow_plain_http()",
            )
        })?;
        Ok(Self { base, path })
    }

    pub(crate) fn post(&self) -> RequestBuilder {
        Request::post(&self.base, &self.path)
    }

    pub(crate) fn address(&self) -> String {
        self.base.join(&self.path)
    }

    /// The address without its scheme.
    pub(crate) fn name(&self) -> String {
        let address = self.address();
        let name = address.split_once("://").map(|(_, rest)| rest.to_owned());
        name.unwrap_or(address)
    }
}

fn split(url: &str) -> Option<(String, String)> {
    let (scheme, rest) = url.split_once("://")?;
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    Some((format!("{scheme}://{host}"), format!("/{path}")))
}
