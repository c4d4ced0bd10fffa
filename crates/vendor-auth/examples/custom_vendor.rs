#![expect(clippy::print_stdout, reason = "an example prints its results")]

//! Implements the endpoint of a made-up vendor whose requests are signed JSON, and puts its token
//! on an API request.

use std::time::Duration;

use http::HeaderName;
use sha2::{Digest, Sha256};
use token_testkit::ScriptedClient;
use vendor_auth::types::{
    Answer, ApiBody, ApiOrigin, Attempt, BaseUrl, Outcome, PlainHttp, Request, RequestBuilder,
    Rotation, Signature, Step, TokenKey,
};
use vendor_auth::{Error, ErrorKind, Secret, Token, TokenCache, TokenEndpoint};

#[derive(Debug)]
struct Acme {
    base: BaseUrl,
    secret: Secret,
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", &self.base.deployment(), "default")
    }

    // What a refresh sends, the vendor accepts again at any time.
    fn rotation(&self) -> Rotation {
        Rotation::Idempotent
    }

    fn login(&self, at: &Attempt) -> Option<Result<Request, Error>> {
        let post = Request::post(&self.base, "/login");
        Some(self.signed(post, at, Step::Login))
    }

    fn refresh(&self, token: &Token, at: &Attempt) -> Result<Request, Error> {
        let post = Request::post(&self.base, "/refresh");
        self.signed(post.json_secret("token", token.access()), at, Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _at: &Attempt) -> Result<Outcome, Error> {
        let document = answer.document()?;
        let Some(access) = document.secret(&["token"]) else {
            let code = document.code(&["error"]).unwrap_or_default();
            return Err(answer.refused(ErrorKind::Rejected, &code, ""));
        };
        let lifetime = answer.lifetime().seconds(&document, &["ttl"]);
        let validity = lifetime.validity(answer.renewal(None, true), Duration::from_secs(600));
        Ok(Outcome::Issued(Token::builder(access, validity).build()?))
    }

    fn api_origins(&self) -> Vec<ApiOrigin> {
        vec![self.base.origin()]
    }
}

impl Acme {
    fn signed(&self, post: RequestBuilder, at: &Attempt, step: Step) -> Result<Request, Error> {
        let post = post.json_number("time", at.now().unix_millis());
        // The signature covers the body as it is sent, so it comes last.
        post.remember(&self.secret).build(step)?.sign(|request| {
            let digest = Sha256::new_with_prefix(self.secret.expose());
            let digest = digest.chain_update(request.body()).finalize();
            let digest = Secret::from(base16ct::lower::encode_string(&digest));
            Ok(Signature::new().header(HeaderName::from_static("x-signature"), digest))
        })
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Instead of the network: an HTTP client with a prepared answer.
    let http = ScriptedClient::new().answer(200, r#"{"token": "T-1", "ttl": 3600}"#);
    println!("{}", call(http).await?);
    Ok(())
}

/// Puts the token on an API request, and returns the header that it came in.
pub(crate) async fn call(http: ScriptedClient) -> Result<String, Box<dyn std::error::Error>> {
    let acme = Acme {
        base: BaseUrl::parse("https://acme.example", PlainHttp::Refused)?,
        secret: Secret::from("the application's secret"),
    };
    let tokens = TokenCache::builder(acme).http_client(http).build()?;
    let request = http::Request::get("https://acme.example/devices").body(())?;
    let (mut request, ()) = request.into_parts();
    let mut body = ApiBody::of(b"");
    tokens.authorize(&mut request, &mut body).await?;
    let header = request.headers.get("authorization");
    Ok(header.ok_or("no header")?.to_str()?.to_owned())
}
