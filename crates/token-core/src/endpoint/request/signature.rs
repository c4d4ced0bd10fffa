//! Signs a request after it is built.

use std::sync::Arc;

use bytes::Bytes;
use http::HeaderName;

use super::Request;
use super::address::uri_of;
use super::builder::not_a_header;
use crate::endpoint::query::push_pair;
use crate::error::Error;
use crate::token::secret::{Secret, sensitive_header};

/// What [`Request::sign`] adds to a request.
#[derive(Debug, Default)]
#[must_use]
pub struct Signature {
    headers: Vec<(HeaderName, Secret)>,
    query: Vec<(String, Secret)>,
}

impl Signature {
    /// Creates a signature without parts.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a header, in the place of one of this name.
    pub fn header(mut self, name: HeaderName, value: Secret) -> Self {
        self.headers.push((name, value));
        self
    }

    /// Adds a parameter at the end of the query.
    pub fn query(mut self, name: impl Into<String>, value: Secret) -> Self {
        self.query.push((name.into(), value));
        self
    }
}

impl Request {
    /// Signs the request: `sign` sees it as it will be sent, and returns what to add. The parts of
    /// the signature are remembered as secrets.
    ///
    /// ```
    /// use token_core::reexports::http::HeaderName;
    /// use token_core::{BaseUrl, PlainHttp, Request, Secret, Signature, Step};
    ///
    /// # fn hmac(_: &[u8]) -> Secret { Secret::from("5f3a") }
    /// let base = BaseUrl::parse("https://example.com", PlainHttp::Refused)?;
    /// let request = Request::post(&base, "/token")
    ///     .json("app", "a")
    ///     .build(Step::Login)?
    ///     .sign(|request| {
    ///         let signature = hmac(request.body());
    ///         Ok(Signature::new().header(HeaderName::from_static("x-signature"), signature))
    ///     })?;
    /// assert_eq!(request.to_http().headers()["x-signature"], "5f3a");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The error of `sign`; [`ErrorKind::Config`](crate::ErrorKind::Config) if a part of the
    /// signature is not valid in a header or in a URL.
    pub fn sign(
        mut self,
        sign: impl FnOnce(&http::Request<Bytes>) -> Result<Signature, Error>,
    ) -> Result<Self, Error> {
        let signature = sign(&self.to_http())?;
        let head = Arc::make_mut(&mut self.head);
        for (name, value) in &signature.headers {
            let value = sensitive_header(value.expose()).ok_or_else(not_a_header)?;
            head.headers.insert(name, value);
        }
        for (name, value) in &signature.query {
            let mark = if head.uri.query().is_none() { '?' } else { '&' };
            let mut pair = String::new();
            push_pair(&mut pair, name, value.expose());
            head.uri = uri_of(format!("{}{mark}{pair}", head.uri))?;
        }
        let headers = signature.headers.into_iter().map(|(_, value)| value);
        let query = signature.query.into_iter().map(|(_, value)| value);
        self.secrets.extend(headers.chain(query));
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use http::header::AUTHORIZATION;

    use super::*;
    use crate::endpoint::attempt::Step;
    use crate::endpoint::base_url::{BaseUrl, PlainHttp};
    use crate::error::ErrorKind;

    fn request() -> Request {
        let base = BaseUrl::parse("https://example.com", PlainHttp::Refused).unwrap();
        let request = Request::post(&base, "/t")
            .query("a", "1")
            .json_bool("b", true);
        request.build(Step::Login).unwrap()
    }

    #[test]
    fn a_signature_sees_the_finished_request_and_is_remembered() {
        let signed = request().sign(|request| {
            assert_eq!(request.uri(), "https://example.com/t?a=1");
            assert_eq!(request.body().as_ref(), br#"{"b":true}"#);
            let signature = Signature::new().header(AUTHORIZATION, Secret::from("signature-1"));
            Ok(signature.query("sign", Secret::from("signature/2")))
        });
        let signed = signed.unwrap();
        let sent = signed.to_http();
        assert_eq!(sent.uri(), "https://example.com/t?a=1&sign=signature%2F2");
        assert!(sent.headers()[AUTHORIZATION].is_sensitive());
        let scrubbed = signed.scrubber().scrub("signature-1 signature/2", 99);
        assert_eq!(scrubbed, "[scrubbed] [scrubbed]");
    }

    #[test]
    fn a_signature_that_fits_no_header_is_a_typed_error() {
        let bad = || Signature::new().header(AUTHORIZATION, Secret::from("a\nb"));
        let error = request().sign(|_| Ok(bad())).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }
}
