//! One-time codes, RFC 6749 section 4.1 and RFC 7636.

use std::collections::HashMap;
use std::fmt;

use super::product::ErrorResponse;
use super::rules::OAuth2;
use crate::call::{Call, Params, with_params};
use crate::crypto::{opaque, s256};
use crate::grants::millis;

/// What a one-time code is bound to.
///
/// ```
/// use token_sim::CodeRequest;
///
/// let plain = CodeRequest::new();
/// let bound = CodeRequest::new().redirect_uri("https://app.example.com/cb").code_challenge("E9Melhoa2Owv…");
/// ```
#[derive(Clone, Default)]
pub struct CodeRequest {
    redirect_uri: Option<String>,
    challenge: Option<String>,
}

impl CodeRequest {
    /// Returns a code that is bound only to the client.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the redirect URI that the redemption must repeat.
    #[must_use]
    pub fn redirect_uri(mut self, redirect_uri: &str) -> Self {
        self.redirect_uri = Some(redirect_uri.to_owned());
        self
    }

    /// Sets the S256 challenge whose verifier the redemption must have (RFC 7636 section 4.2).
    #[must_use]
    pub fn code_challenge(mut self, challenge: &str) -> Self {
        self.challenge = Some(challenge.to_owned());
        self
    }

    /// Reads the authorization request, or returns what is wrong with it.
    pub(super) fn read(rules: &OAuth2, call: &Call) -> Result<(Self, String), ErrorResponse> {
        let query = call.query();
        let refuse = |text: &str| Err(ErrorResponse::invalid_request(text));
        if query.first("response_type") != Some("code") {
            return refuse("response_type must be code");
        }
        if query.first("client_id") != Some(&rules.client_id) {
            return refuse("unknown client_id");
        }
        let Some(redirect_uri) = query.filled("redirect_uri") else {
            return refuse("redirect_uri is missing");
        };
        let challenge = query.filled("code_challenge");
        if challenge.is_some() && query.first("code_challenge_method") != Some("S256") {
            return refuse("code_challenge_method must be S256");
        }
        let request = Self {
            redirect_uri: Some(redirect_uri.to_owned()),
            challenge: challenge.map(str::to_owned),
        };
        let state = query.filled("state").unwrap_or_default();
        Ok((request, state.to_owned()))
    }

    pub(super) fn location(&self, code: &str, state: &str) -> String {
        let uri = self.redirect_uri.as_deref().unwrap_or_default();
        with_params(uri, &[("code", code), ("state", state)])
    }
}

impl fmt::Debug for CodeRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CodeRequest")
            .field("redirect_uri", &self.redirect_uri)
            .finish_non_exhaustive()
    }
}

/// The codes that were issued.
#[derive(Default)]
pub(crate) struct Codes(HashMap<String, Code>);

struct Code {
    request: CodeRequest,
    expires_ms: i64,
    /// Set by the first redemption: the grant that it opened, if it opened one.
    redeemed: Option<Option<usize>>,
}

/// Why a code is refused.
pub(super) enum CodeRefusal {
    Invalid(ErrorResponse),
    /// Presented before; the grant that the first redemption opened.
    Reused(Option<usize>),
}

impl Codes {
    pub(super) fn make(&mut self, request: CodeRequest, rules: &OAuth2, now: i64) -> String {
        let code = opaque();
        let expires_ms = now.saturating_add(millis(rules.code_lifetime));
        self.0.insert(
            code.clone(),
            Code {
                request,
                expires_ms,
                redeemed: None,
            },
        );
        code
    }

    /// Uses up the code, whatever the outcome.
    pub(super) fn redeem(
        &mut self,
        text: &str,
        form: &Params,
        now: i64,
    ) -> Result<(), CodeRefusal> {
        let invalid = |text: &str| Err(CodeRefusal::Invalid(ErrorResponse::invalid_grant(text)));
        let Some(code) = self.0.get_mut(text) else {
            return invalid("Invalid authorization code");
        };
        if let Some(grant) = code.redeemed.replace(None) {
            code.redeemed = Some(grant);
            return Err(CodeRefusal::Reused(grant));
        }
        if now >= code.expires_ms {
            return invalid("Authorization code expired");
        }
        if code.request.redirect_uri.as_deref() != form.first("redirect_uri") {
            return invalid("Redirect URI mismatch.");
        }
        let shown = form.first("code_verifier").map(s256);
        if code.request.challenge.is_some() && code.request.challenge != shown {
            return invalid("Code verifier mismatch");
        }
        Ok(())
    }

    pub(super) fn opened(&mut self, text: &str, grant: usize) {
        if let Some(code) = self.0.get_mut(text) {
            code.redeemed = Some(Some(grant));
        }
    }
}
