//! The endpoints, their requests, and the places of tokens in their answers.

use std::time::Duration;

use enos_apim_auth::EnosApim;
use oauth2_refresh::OAuth2;
use privcloud_auth::PrivateCloud;
use quectel_auth::{AccessKey, EndUser, Region};
use serde_json::Value;
use token_core::{Attempt, Request, Secret, Timestamp, Token, TokenEndpoint, Validity};

use crate::corpus::Recorded;

// None of them contains a word that an error's own text may contain.
const ENDPOINT_SECRET: &str = "kX93mQz71dWb8vNf";
const OLD_ACCESS: &str = "pL52vRt86sYc4hJg";
const OLD_REFRESH: &str = "wB07nKd39xUe6qTz";
const ONE_TIME: &str = "fH18yCs64jMa2rVp";

/// An endpoint with its requests and recorded answers.
#[derive(Debug)]
pub struct Vendor {
    /// The endpoint.
    pub endpoint: Box<dyn TokenEndpoint>,
    /// One request of each kind.
    pub requests: Vec<Request>,
    /// Recorded answers, with distinctive tokens in place of the vendor's.
    pub answers: Vec<Recorded>,
    /// The place of the refresh token in an answer, as a dotted path.
    pub refresh_at: Option<&'static str>,
    /// Secrets that must not be in any error's text.
    pub secrets: Vec<Secret>,
}

impl Vendor {
    /// OAuth 2.0, with the grant of a user.
    pub fn oauth2() -> Self {
        let endpoint = OAuth2::builder("https://server.example.com")
            .token_path("/token")
            .client_id("client-7")
            .client_secret(ENDPOINT_SECRET)
            .account("alice")
            .build()
            .unwrap();
        let code = endpoint.redeem_code(
            &Secret::from(ONE_TIME),
            "https://app.example.com/back",
            None,
        );
        let redeemed = code.into_request(&attempt()).unwrap();
        Self::of(
            endpoint,
            "oauth2-refresh",
            "access_token",
            Some("refresh_token"),
        )
        .asking(redeemed)
    }

    /// A private cloud.
    pub fn private_cloud() -> Self {
        let endpoint = PrivateCloud::builder("https://disk.example.com")
            .client_id("dev-7")
            .client_secret(ENDPOINT_SECRET)
            .account("alice")
            .build()
            .unwrap();
        let code = endpoint.redeem_code(ONE_TIME.into(), "https://app.example.com/back");
        let redeemed = code.into_request(&attempt()).unwrap();
        Self::of(
            endpoint,
            "privcloud-auth",
            "access_token",
            Some("refresh_token"),
        )
        .asking(redeemed)
    }

    /// Quectel's end user.
    pub fn end_user() -> Self {
        let endpoint = EndUser::builder(Region::Europe)
            .account("ada")
            .user_domain("E.DM.1", ENDPOINT_SECRET)
            .build()
            .unwrap();
        let login = endpoint.email_password("ada@example.com", ONE_TIME);
        let redeemed = login.into_request(&attempt()).unwrap();
        let (access, refresh) = ("data.accessToken.token", "data.refreshToken.token");
        Self::of(endpoint, "quectel-auth", access, Some(refresh)).asking(redeemed)
    }

    /// Quectel's access key.
    pub fn access_key() -> Self {
        let endpoint = AccessKey::builder(Region::Europe)
            .access_key("access-key-7")
            .access_secret(ENDPOINT_SECRET)
            .build()
            .unwrap();
        Self::of(endpoint, "quectel-auth", "access_token", None)
    }

    /// EnOS.
    pub fn enos() -> Self {
        let endpoint = EnosApim::builder("https://apim.example.com")
            .app_key("app-key-7")
            .app_secret(ENDPOINT_SECRET)
            .build()
            .unwrap();
        Self::of(endpoint, "enos-apim-auth", "data.accessToken", None)
    }

    fn of(
        endpoint: impl TokenEndpoint,
        crate_name: &str,
        access_at: &str,
        refresh_at: Option<&'static str>,
    ) -> Self {
        let mut answers = Recorded::of(crate_name);
        for answer in &mut answers {
            plant(answer, access_at, NEW_ACCESS);
            plant(answer, refresh_at.unwrap_or_default(), NEW_REFRESH);
        }
        let login = endpoint.login(&attempt()).map(Result::unwrap);
        let refresh = endpoint.refresh(&token(), &attempt()).unwrap();
        Self {
            endpoint: Box::new(endpoint),
            requests: login.into_iter().chain([refresh]).collect(),
            answers,
            refresh_at,
            secrets: [ENDPOINT_SECRET, OLD_ACCESS, OLD_REFRESH, ONE_TIME]
                .map(Secret::from)
                .into(),
        }
        .remembering_the_token_in_hand()
    }

    fn asking(mut self, request: Request) -> Self {
        self.requests.push(request);
        self.remembering_the_token_in_hand()
    }

    /// Has every request remember the secrets of the current token, as the engine does.
    fn remembering_the_token_in_hand(mut self) -> Self {
        let remembering = |request: Request| request.remembering(self.secrets.iter());
        self.requests = self.requests.into_iter().map(remembering).collect();
        self
    }
}

/// The access token of a recorded answer.
pub const NEW_ACCESS: &str = "tG4f7DzQ2a90Lc1b85Xe36";
/// The refresh token of a recorded answer.
pub const NEW_REFRESH: &str = "rS8c15Ne0bW7a2Hd94Jf63";
/// The time of every request.
pub(crate) const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);

fn attempt() -> Attempt {
    Attempt::new(NOW, [7; 16])
}

fn token() -> Token {
    let validity = Validity::new(NOW, NOW.after(Duration::from_secs(60)));
    let token = Token::builder(OLD_ACCESS.into(), validity).refresh(Secret::from(OLD_REFRESH));
    token.build().unwrap()
}

/// Replaces a recorded token with a distinctive one. A JWT stays, because of its claims.
fn plant(answer: &mut Recorded, path: &str, token: &str) {
    let Some(mut document) = answer.json() else {
        return;
    };
    let pointer = format!("/{}", path.replace('.', "/"));
    let Some(Value::String(text)) = document.pointer_mut(&pointer) else {
        return;
    };
    if text.len() < 2 || text.contains("eyJ") {
        return;
    }
    *text = token.to_owned();
    answer.body = document.to_string().into_bytes();
}
