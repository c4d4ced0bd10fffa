//! Introspection (RFC 7662), and the answer to a revocation (RFC 7009).

use std::fmt;

use token_core::json::Document;
use token_core::{Answer, Error, ErrorKind, Request, Secret, Step, Timestamp, Token};

use crate::config::OAuth2;

/// Which token of the pair is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The access token.
    Access,
    /// The refresh token. Introspection does not spend it.
    Refresh,
}

/// A server's description of a token (RFC 7662 section 2.2).
///
/// It holds no secret: neither the token nor unknown claims.
#[derive(Clone, PartialEq, Eq)]
pub struct Introspection {
    active: bool,
    scopes: Vec<String>,
    client_id: Option<String>,
    username: Option<String>,
    subject: Option<String>,
    issuer: Option<String>,
    audiences: Vec<String>,
    token_type: Option<String>,
    expires_at: Option<Timestamp>,
    issued_at: Option<Timestamp>,
}

impl OAuth2 {
    /// Builds the request that introspects a token (RFC 7662 section 2.1).
    ///
    /// ```
    /// use oauth2_refresh::{OAuth2, TokenKind};
    /// use token_core::{Secret, Step, Token};
    ///
    /// # let secret = Secret::from("s");
    /// let oauth2 = OAuth2::bamboocloud("example.bccastle.com")
    ///     .client_id("app-1")
    ///     .client_secret(secret)
    ///     .account("alice")
    ///     .build()?;
    /// let token = Token::from_refresh_token(Secret::from("R1"))?;
    /// let request = oauth2.introspection(&token, TokenKind::Refresh)?;
    /// assert_eq!(request.step(), Step::Introspection);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] if no [`introspection_path`](crate::OAuth2Builder::introspection_path)
    /// is set; [`ErrorKind::Rejected`] if `kind` is the refresh token and there is none.
    pub fn introspection(&self, token: &Token, kind: TokenKind) -> Result<Request, Error> {
        let no_url = || Error::new(ErrorKind::Config, "no introspection path is set");
        let url = self.client.introspection.as_ref().ok_or_else(no_url)?;
        let (secret, hint) = kind.of(token)?;
        let request = self.request_about(url, secret, hint, Step::Introspection)?;
        Ok(request.remembering(token.secrets()))
    }

    /// Reads the answer to an [introspection](Self::introspection). An inactive token is not an
    /// error.
    ///
    /// # Errors
    ///
    /// The server's refusal: [`ErrorKind::Config`] if it is about the client;
    /// [`ErrorKind::Rejected`] from a server that refuses a dead token instead of calling it
    /// inactive, as Spring Security OAuth2 does. [`ErrorKind::Protocol`] if the answer has no
    /// `active`.
    pub fn read_introspection(&self, answer: &Answer<'_>) -> Result<Introspection, Error> {
        let document = self.accepted(answer)?;
        let silent = || {
            answer.error(
                ErrorKind::Protocol,
                "the answer does not say whether the token is active",
            )
        };
        let active = document.flag(&["active"]).ok_or_else(silent)?;
        let text = |name| document.text(&[name]).map(str::to_owned);
        Ok(Introspection {
            active,
            scopes: document.words(&["scope"]),
            client_id: text("client_id"),
            username: text("username"),
            subject: text("sub"),
            issuer: text("iss"),
            audiences: document.words(&["aud"]),
            token_type: text("token_type"),
            expires_at: instant(answer, &document, "exp"),
            issued_at: instant(answer, &document, "iat"),
        })
    }

    /// Reads the answer to a [revocation](token_core::TokenEndpoint::revoke). Any 2xx status means
    /// that the token is now invalid, even if it never was valid (RFC 7009 section 2.2).
    ///
    /// # Errors
    ///
    /// The server's refusal, with its code; [`ErrorKind::Transient`] if it asks to retry later.
    pub fn read_revocation(&self, answer: &Answer<'_>) -> Result<(), Error> {
        if answer.status().is_success() {
            return Ok(());
        }
        self.accepted(answer).map(|_| ())
    }
}

impl TokenKind {
    fn of(self, token: &Token) -> Result<(&Secret, &'static str), Error> {
        let no_refresh = || Error::new(ErrorKind::Rejected, "there is no refresh token");
        match self {
            Self::Access => Ok((token.access(), "access_token")),
            Self::Refresh => Ok((token.refresh().ok_or_else(no_refresh)?, "refresh_token")),
        }
    }
}

impl Introspection {
    /// Returns whether the token is valid, was issued by this server and may be used now. If not,
    /// nothing else is set.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// Returns the scopes.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// Returns the client that the token was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// Returns a human-readable name of the person who granted it.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// Returns the subject, a machine-readable name of the person who granted it.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Returns the issuer.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Returns the resource servers that the token is for.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// Returns the type, such as `Bearer`.
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }

    /// Returns the expiry, by the local clock.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// Returns the time of issue, by the local clock.
    pub fn issued_at(&self) -> Option<Timestamp> {
        self.issued_at
    }
}

impl fmt::Debug for Introspection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Introspection")
            .field("active", &self.active)
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

fn instant(answer: &Answer<'_>, document: &Document, name: &str) -> Option<Timestamp> {
    let seconds = document.number(&[name])?.ok()?;
    Some(
        answer
            .server_offset()
            .local_time(Timestamp::from_unix_seconds(seconds)),
    )
}
