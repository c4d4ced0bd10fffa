//! Asking whether a token lives (RFC 7662).

use std::fmt;

use token_core::json::Document;
use token_core::{Answer, Error, ErrorKind, Request, Secret, Step, Timestamp, Token};

use crate::config::OAuth2;

/// Which of a token's two halves is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TokenKind {
    /// The access token.
    Access,
    /// The refresh token. Asking about it does not spend it.
    Refresh,
}

/// What the server says about a token (RFC 7662 section 2.2).
///
/// It has no secret in it: neither the token nor a claim that was not asked for.
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
    /// The request that asks whether a token lives (RFC 7662 section 2.1).
    ///
    /// ```
    /// use oauth2_refresh::{OAuth2, TokenKind};
    /// use token_core::{Secret, Step, Token};
    ///
    /// # let secret = Secret::from("s");
    /// let oauth2 = OAuth2::bamboocloud("example.bccastle.com").client_id("app-1").client_secret(secret).account("alice").build()?;
    /// let token = Token::from_refresh_token(Secret::from("R1"))?;
    /// let request = oauth2.introspection(&token, TokenKind::Refresh)?;
    /// assert_eq!(request.step(), Step::Introspection);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Config`] where no
    /// [`introspection_path`](crate::OAuth2Builder::introspection_path) was named;
    /// [`ErrorKind::Rejected`] where the token has no refresh token and that was asked about.
    pub fn introspection(&self, token: &Token, kind: TokenKind) -> Result<Request, Error> {
        let no_url = || Error::new(ErrorKind::Config, "no introspection path was named");
        let url = self.introspection.as_ref().ok_or_else(no_url)?;
        let (secret, hint) = kind.of(token)?;
        let request = self.request_about(url, secret, hint, Step::Introspection)?;
        Ok(request.remembering(token.secrets()))
    }

    /// Reads the answer to an [introspection](Self::introspection). A dead token is an answer and
    /// no error.
    ///
    /// # Errors
    ///
    /// The server's refusal: [`ErrorKind::Config`] where it is about the client,
    /// [`ErrorKind::Rejected`] from a server that refuses a dead token instead of calling it
    /// inactive, as Spring Security OAuth2 does; [`ErrorKind::Protocol`] where the answer does not
    /// say `active`.
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

    /// Reads the answer to a [revocation](token_core::TokenEndpoint::revoke). Any 2xx means that
    /// the token is dead now, also where it never lived (RFC 7009 section 2.2).
    ///
    /// # Errors
    ///
    /// The server's refusal, with its code; [`ErrorKind::Transient`] where it asks to come back
    /// later.
    pub fn read_revocation(&self, answer: &Answer<'_>) -> Result<(), Error> {
        if answer.status().is_success() {
            return Ok(());
        }
        self.accepted(answer).map(|_| ())
    }
}

impl TokenKind {
    fn of(self, token: &Token) -> Result<(&Secret, &'static str), Error> {
        let no_refresh = || Error::new(ErrorKind::Rejected, "the token has no refresh token");
        match self {
            Self::Access => Ok((token.access(), "access_token")),
            Self::Refresh => Ok((token.refresh().ok_or_else(no_refresh)?, "refresh_token")),
        }
    }
}

impl Introspection {
    /// Whether the token lives, was issued by this server and may be used now. For a dead or an
    /// unknown token nothing else is said.
    pub fn is_active(&self) -> bool {
        self.active
    }

    /// What it allows.
    pub fn scopes(&self) -> &[String] {
        &self.scopes
    }

    /// The client that it was issued to.
    pub fn client_id(&self) -> Option<&str> {
        self.client_id.as_deref()
    }

    /// A name for people of who granted it.
    pub fn username(&self) -> Option<&str> {
        self.username.as_deref()
    }

    /// A name for programs of who granted it.
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }

    /// Who issued it.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// Which resource servers it is for.
    pub fn audiences(&self) -> &[String] {
        &self.audiences
    }

    /// Its type, such as `Bearer`.
    pub fn token_type(&self) -> Option<&str> {
        self.token_type.as_deref()
    }

    /// When it expires, by the local clock.
    pub fn expires_at(&self) -> Option<Timestamp> {
        self.expires_at
    }

    /// When it was issued, by the local clock.
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
