//! The checks that apply to every vendor, before a field is read.

use http::header::{CONTENT_TYPE, LOCATION};
use http::{StatusCode, Uri};

use super::Answer;
use crate::endpoint::json::{Document, Malformed};
use crate::error::{Error, ErrorKind};

/// The fields in which vendors and gateways state what went wrong.
const CODES: [&str; 7] = [
    "error",
    "error.code",
    "error_code",
    "errcode",
    "errorCode",
    "code",
    "status",
];
const MESSAGES: [&str; 7] = [
    "error_description",
    "error_msg",
    "errmsg",
    "message",
    "msg",
    "error.message",
    "detail",
];

impl Answer<'_> {
    /// Parses the body, as a form if its content type says so and as JSON otherwise, after the
    /// checks of [`check_transport`](Self::check_transport).
    ///
    /// # Errors
    ///
    /// Those of [`check_transport`](Self::check_transport). For a body that cannot be parsed:
    /// [`ErrorKind::InDoubt`] for a success that answers a refresh or a redemption, since the
    /// refresh token or code may be spent, and for any truncated success; [`ErrorKind::Transient`]
    /// for a web page with a successful status (a captive portal, a login page);
    /// [`ErrorKind::Config`] for 404, 405 and 410; otherwise [`ErrorKind::Protocol`].
    pub fn document(&self) -> Result<Document, Error> {
        self.check_transport()?;
        self.parse().map_err(|malformed| self.unreadable(malformed))
    }

    /// Checks the status, before the body is parsed. An error contains the code and message of the
    /// body.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Protocol`] for a redirect, which is never followed and of which only the target
    /// host is shown; [`ErrorKind::Throttled`] for 429; [`ErrorKind::InDoubt`] for 408, 502 and 504
    /// in answer to a refresh or a redemption, since a gateway may have given up while the vendor
    /// acted; [`ErrorKind::Transient`] for these otherwise, for 425 and for every other 5xx.
    /// `Retry-After` is clamped to between one second and one hour.
    pub fn check_transport(&self) -> Result<(), Error> {
        let status = self.status();
        if status.is_success() {
            return Ok(());
        }
        let after = self.retry_after();
        if status.is_redirection() {
            return Err(self.redirected());
        }
        if status == StatusCode::TOO_MANY_REQUESTS {
            return Err(self.failed(
                ErrorKind::Throttled { after },
                "the vendor is limiting the rate of requests",
            ));
        }
        if gave_up(status) && self.may_have_spent() {
            return Err(self.failed(
                ErrorKind::InDoubt,
                "the vendor's server did not answer in time",
            ));
        }
        if status.is_server_error() || gave_up(status) || status == StatusCode::TOO_EARLY {
            return Err(self.failed(ErrorKind::Transient { after }, "the vendor's server failed"));
        }
        Ok(())
    }

    fn parse(&self) -> Result<Document, Malformed> {
        let content_type = self.headers().get(CONTENT_TYPE);
        let is_form = content_type
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split(';').next())
            .is_some_and(|value| {
                value
                    .trim()
                    .eq_ignore_ascii_case("application/x-www-form-urlencoded")
            });
        match is_form {
            true => Document::parse_form(self.body()),
            false => Document::parse(self.body()),
        }
    }

    fn failed(&self, kind: ErrorKind, what: &'static str) -> Error {
        let (error, scrubber) = (self.error(kind, what), self.scrubber());
        let document = self.parse().ok();
        let code = document
            .as_ref()
            .and_then(|document| CODES.iter().find_map(|name| document.code(&[name])))
            .filter(|code| !code.is_empty());
        let message = document
            .as_ref()
            .and_then(|document| MESSAGES.iter().find_map(|name| document.text(&[name])));
        error
            .with_code(code.as_deref().unwrap_or(self.status().as_str()), &scrubber)
            .with_message(message.unwrap_or_default(), &scrubber)
    }

    fn redirected(&self) -> Error {
        let location = self
            .headers()
            .get(LOCATION)
            .and_then(|value| value.to_str().ok());
        // Without a scheme it is a path on the same host, which the parser mistakes for a host.
        let target = location
            .and_then(|text| text.parse::<Uri>().ok())
            .filter(|target| target.scheme().is_some());
        let error = self.error(
            ErrorKind::Protocol,
            "the vendor answered with a redirect, which is not followed",
        );
        match target.as_ref().and_then(Uri::authority) {
            Some(target) => error.with_host(&self.scrubber().scrub(target.as_str(), 255)),
            None => error,
        }
    }

    fn unreadable(&self, malformed: Malformed) -> Error {
        let status = self.status();
        if matches!(
            status,
            StatusCode::NOT_FOUND | StatusCode::METHOD_NOT_ALLOWED | StatusCode::GONE
        ) {
            return self.error(
                ErrorKind::Config,
                "there is no token endpoint at this address",
            );
        }
        let what = match malformed {
            Malformed::Html if status.is_success() => {
                "a web page was received instead of the vendor's answer"
            }
            Malformed::CutShort if status.is_success() => "the answer is truncated",
            Malformed::Empty => "the answer is empty",
            _ => "the answer is not the JSON that the vendor documents",
        };
        self.error(self.kind_of_unreadable(malformed), what)
            .with_code(status.as_str(), &self.scrubber())
    }

    fn kind_of_unreadable(&self, malformed: Malformed) -> ErrorKind {
        match malformed {
            _ if !self.status().is_success() => ErrorKind::Protocol,
            _ if self.may_have_spent() => ErrorKind::InDoubt,
            Malformed::CutShort => ErrorKind::InDoubt,
            Malformed::Html => ErrorKind::Transient {
                after: self.retry_after(),
            },
            _ => ErrorKind::Protocol,
        }
    }
}

/// Returns whether a gateway or the server gave up waiting: the vendor may have acted.
fn gave_up(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::REQUEST_TIMEOUT | StatusCode::BAD_GATEWAY | StatusCode::GATEWAY_TIMEOUT
    )
}
