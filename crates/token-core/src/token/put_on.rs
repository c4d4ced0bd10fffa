//! Puts an access token on an API request.

use bytes::Bytes;
use http::header::{CACHE_CONTROL, CONTENT_TYPE};
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{HeaderValue, Method, Uri};

use super::Token;
use super::placement::TokenPlacement;
use crate::api::body::ApiBody;
use crate::endpoint::query::{decoded, percent_encode};
use crate::error::{Error, ErrorKind};

const FORM: &str = "application/x-www-form-urlencoded";

impl Token {
    /// Puts the token on an API request by its [placement](Self::placement), in the place of one
    /// that is already there.
    ///
    /// ```
    /// use token_core::reexports::http::Request;
    /// use token_core::{ApiBody, Secret, Timestamp, Token, TokenPlacement, Validity};
    ///
    /// let validity = Validity::without_end(Timestamp::from_unix_seconds(0));
    /// let token = Token::builder(Secret::from("A 1"), validity)
    ///     .placement(TokenPlacement::Query("access_token".into()))
    ///     .build()?;
    /// let (mut parts, ()) = Request::get("https://api.example.com/x?a=1").body(()).unwrap().into_parts();
    /// token.put_on(&mut parts, &mut ApiBody::of(b""))?;
    /// assert_eq!(parts.uri, "https://api.example.com/x?a=1&access_token=A%201");
    /// # Ok::<(), token_core::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if the token is sent in a form, and the body is a stream or has
    /// another content type, or the method is GET or HEAD (RFC 6750 section 2.2); if it belongs
    /// into the query, and the request has no path. The request is then unchanged.
    pub fn put_on(&self, request: &mut Parts, body: &mut ApiBody<'_>) -> Result<(), Error> {
        if let Some((name, value)) = self.header() {
            request.headers.insert(name, value.clone());
            return Ok(());
        }
        match self.placement() {
            TokenPlacement::Query(name) => self.put_in_query(name, request),
            TokenPlacement::Form(name) => self.put_in_form(name, request, body),
            _ => Ok(()),
        }
    }

    fn put_in_query(&self, name: &str, request: &mut Parts) -> Result<(), Error> {
        let pair = self.pair(name);
        let others = without(name, request.uri.query().unwrap_or_default());
        let path = request.uri.path();
        let mark = if others.is_empty() { "" } else { "&" };
        let target = format!("{path}?{others}{mark}{pair}");
        let mut parts = request.uri.clone().into_parts();
        let is_path = path.starts_with('/');
        parts.path_and_query = target.parse::<PathAndQuery>().ok().filter(|_| is_path);
        if parts.path_and_query.is_none() {
            return Err(no_place(
                "the request has no path for the token's query parameter",
            ));
        }
        request.uri = Uri::from_parts(parts)
            .map_err(|_| no_place("the token does not fit into the request's query"))?;
        request
            .headers
            .entry(CACHE_CONTROL)
            .or_insert(HeaderValue::from_static("no-store"));
        Ok(())
    }

    fn put_in_form(
        &self,
        name: &str,
        request: &mut Parts,
        body: &mut ApiBody<'_>,
    ) -> Result<(), Error> {
        if matches!(request.method, Method::GET | Method::HEAD) {
            return Err(no_place(
                "the token is sent in a form, and the request's method has no body",
            ));
        }
        let is_form = match request.headers.get(CONTENT_TYPE) {
            Some(value) => value.to_str().is_ok_and(|kind| {
                let kind = kind.split(';').next().unwrap_or_default();
                kind.trim().eq_ignore_ascii_case(FORM)
            }),
            None => body.bytes()?.is_empty(),
        };
        if !is_form {
            return Err(no_place(
                "the token is sent in a form, and the request has another body",
            ));
        }
        let text = std::str::from_utf8(body.bytes()?).map_err(|_| {
            no_place("the token is sent in a form, and the request has another body")
        })?;
        let others = without(name, text);
        let mark = if others.is_empty() { "" } else { "&" };
        let form = format!("{others}{mark}{}", self.pair(name));
        body.replace(Bytes::from(form));
        request
            .headers
            .insert(CONTENT_TYPE, HeaderValue::from_static(FORM));
        request.headers.remove(http::header::CONTENT_LENGTH);
        Ok(())
    }

    fn pair(&self, name: &str) -> String {
        format!(
            "{}={}",
            percent_encode(name),
            percent_encode(self.access().expose())
        )
    }
}

/// Returns the pairs of other names, as they were written. A server may take either of two equal
/// names, whatever their encoding.
fn without(name: &str, pairs: &str) -> String {
    let others = pairs.split('&').filter(|pair| {
        let (own, _) = pair.split_once('=').unwrap_or((pair, ""));
        decoded(own.as_bytes()).is_none_or(|own| *own != name)
    });
    others.collect::<Vec<_>>().join("&")
}

fn no_place(what: &'static str) -> Error {
    Error::new(ErrorKind::Config, what)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::expiry::Validity;
    use crate::token::secret::Secret;
    use crate::token::time::Timestamp;

    fn token(placement: TokenPlacement) -> Token {
        let validity = Validity::without_end(Timestamp::from_unix_seconds(0));
        let token = Token::builder(Secret::from("A+1"), validity);
        token.placement(placement).build().unwrap()
    }

    fn request(uri: &str, content_type: Option<&'static str>) -> Parts {
        let mut request = http::Request::post(uri).body(()).unwrap();
        if let Some(kind) = content_type {
            let value = HeaderValue::from_static(kind);
            request.headers_mut().insert(CONTENT_TYPE, value);
        }
        request.into_parts().0
    }

    #[test]
    fn a_query_keeps_its_other_parameters_and_gets_one_token() {
        let token = token(TokenPlacement::Query("t".into()));
        let rows = [
            ("https://a.example/x", "https://a.example/x?t=A%2B1"),
            ("https://a.example", "https://a.example/?t=A%2B1"),
            (
                "https://a.example/x?t=old&b=%20",
                "https://a.example/x?b=%20&t=A%2B1",
            ),
            ("/x?tt=1", "/x?tt=1&t=A%2B1"),
            ("/x?%74=old&a", "/x?a&t=A%2B1"),
            ("/x?", "/x?t=A%2B1"),
        ];
        for (uri, expected) in rows {
            let mut parts = request(uri, None);
            token.put_on(&mut parts, &mut ApiBody::streamed()).unwrap();
            assert_eq!(parts.uri.to_string(), expected);
            assert_eq!(parts.headers[CACHE_CONTROL], "no-store");
        }
    }

    #[test]
    fn a_form_gets_the_token_and_another_body_is_refused_unchanged() {
        let token = token(TokenPlacement::Form("t".into()));
        let rows: [(Option<&'static str>, &[u8], Option<&str>); 5] = [
            (None, b"", Some("t=A%2B1")),
            (Some(FORM), b"a=1&t=old", Some("a=1&t=A%2B1")),
            (
                Some("application/x-www-form-urlencoded; charset=utf-8"),
                b"",
                Some("t=A%2B1"),
            ),
            (Some("application/json"), b"{}", None),
            (None, b"a=1", None),
        ];
        for (kind, given, expected) in rows {
            let (mut parts, mut body) = (request("https://a.example/x", kind), ApiBody::of(given));
            let put = token.put_on(&mut parts, &mut body);
            assert_eq!(put.is_ok(), expected.is_some(), "{kind:?}");
            let replaced = body.into_replaced();
            assert_eq!(replaced.as_deref(), expected.map(str::as_bytes));
        }
        let mut parts = request("https://a.example/x", Some(FORM));
        let error = token
            .put_on(&mut parts, &mut ApiBody::streamed())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
    }

    #[test]
    fn a_name_is_found_in_any_encoding() {
        let token = token(TokenPlacement::Form("my token".into()));
        let mut parts = request("https://a.example/x", Some(FORM));
        let mut body = ApiBody::of(b"my+token=old&a=%zz&my%20token=old");
        token.put_on(&mut parts, &mut body).unwrap();
        assert_eq!(
            body.into_replaced().unwrap(),
            &b"a=%zz&my%20token=A%2B1"[..]
        );
    }

    #[test]
    fn a_request_whose_method_has_no_body_gets_no_form() {
        let token = token(TokenPlacement::Form("t".into()));
        for method in [Method::GET, Method::HEAD] {
            let mut parts = request("https://a.example/x", None);
            parts.method = method;
            let mut body = ApiBody::of(b"");
            let error = token.put_on(&mut parts, &mut body).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(body.into_replaced().is_none() && parts.headers.is_empty());
        }
    }

    #[test]
    fn a_request_without_a_path_gets_no_query() {
        let token = token(TokenPlacement::Query("t".into()));
        for uri in ["*", "a.example:443"] {
            let mut parts = request(uri, None);
            assert!(token.put_on(&mut parts, &mut ApiBody::of(b"")).is_err());
            assert_eq!(parts.uri, uri);
        }
    }
}
