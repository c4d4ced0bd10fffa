//! How a client proves who it is.

use super::builder::Rules;
use super::flavour::Problem;
use crate::call::{Call, Params, form_decode};

/// How the client must prove itself at the token endpoint.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClientAuth {
    /// `Authorization: Basic base64(id:secret)`, the parts as they are: what the vendors document.
    BasicRaw,
    /// The same with both parts form-encoded first, as RFC 6749 section 2.3.1 asks.
    BasicEncoded,
    /// `client_id` and `client_secret` in the form.
    Post,
    /// A public client: `client_id` in the form, and no `Authorization` header.
    Public,
}

/// Nothing, if the request comes from the client that the rules know.
pub(super) fn authenticate(rules: &Rules, call: &Call, form: &Params) -> Result<(), Problem> {
    let known = match rules.client_auth {
        ClientAuth::BasicRaw => call
            .basic()
            .is_some_and(|(id, secret)| rules.knows(&id, &secret)),
        ClientAuth::BasicEncoded => call.basic().is_some_and(|(id, secret)| {
            rules.knows(&form_decode(id.as_bytes()), &form_decode(secret.as_bytes()))
        }),
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

impl Rules {
    fn knows(&self, id: &str, secret: &str) -> bool {
        self.client_id == id && self.client_secret == secret
    }

    fn unknown_client(&self) -> Problem {
        match self.client_auth {
            ClientAuth::Public => Problem::new(400, "invalid_grant", "Client ID mismatch"),
            _ => Problem::new(401, "invalid_client", "Bad client credentials"),
        }
    }
}

/// RFC 6749 section 2.3: one way of authentication in a request, not two.
fn refuse_header(call: &Call) -> Result<(), Problem> {
    match call.header("authorization") {
        None => Ok(()),
        Some(_) => Err(Problem::new(
            400,
            "invalid_request",
            "Do not pass Authorization",
        )),
    }
}
