//! Client authentication.

use percent_encoding::percent_decode_str;

use super::product::ErrorResponse;
use super::rules::{ClientAuth, OAuth2};
use crate::call::{Call, Params};

/// Returns an error unless the request comes from the client that the rules know.
pub(super) fn authenticate(
    rules: &OAuth2,
    call: &Call,
    form: &Params,
) -> Result<(), ErrorResponse> {
    let known = match rules.client_auth {
        ClientAuth::BasicRaw => call
            .basic()
            .is_some_and(|(id, secret)| rules.knows(&id, &secret)),
        ClientAuth::BasicEncoded => call
            .basic()
            .is_some_and(|(id, secret)| rules.knows(&form_decoded(&id), &form_decoded(&secret))),
        ClientAuth::Post => {
            refuse_header(call)?;
            let posted = form.first("client_id").zip(form.first("client_secret"));
            posted.is_some_and(|(id, secret)| rules.knows(id, secret))
        }
        ClientAuth::Public => {
            refuse_header(call)?;
            form.first("client_id") == Some(&rules.client_id)
        }
    };
    if known {
        Ok(())
    } else {
        Err(rules.unknown_client())
    }
}

impl OAuth2 {
    fn knows(&self, id: &str, secret: &str) -> bool {
        self.client_id == id && self.client_secret == secret
    }

    fn unknown_client(&self) -> ErrorResponse {
        match self.client_auth {
            ClientAuth::Public => ErrorResponse::invalid_grant("Client ID mismatch"),
            _ => ErrorResponse::new(401, "invalid_client", "Bad client credentials"),
        }
    }
}

/// RFC 6749 section 2.3: a request must not use more than one authentication method.
fn refuse_header(call: &Call) -> Result<(), ErrorResponse> {
    match call.header("authorization") {
        None => Ok(()),
        Some(_) => Err(ErrorResponse::invalid_request("Do not pass Authorization")),
    }
}

fn form_decoded(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}
