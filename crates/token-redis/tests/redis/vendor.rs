//! A vendor with single-use refresh tokens: `R1` returns `A2` and `R2`, and each reuse of `R1` is
//! counted.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use token_core::reexports::async_trait;
use token_core::{
    Answer, Attempt, BaseUrl, Error, ErrorKind, HttpClient, Outcome, PlainHttp, Renewal, Request,
    Rotation, Secret, SendError, Step, Token, TokenEndpoint, TokenKey,
};

#[derive(Debug)]
pub(crate) struct Acme;

impl Acme {
    fn base() -> BaseUrl {
        BaseUrl::parse("https://acme.example", PlainHttp::Refused).unwrap()
    }
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", "acme.example", "shared")
    }

    fn rotation(&self) -> Rotation {
        Rotation::SingleUse
    }

    fn login(&self, _attempt: &Attempt) -> Option<Result<Request, Error>> {
        None
    }

    fn refresh(&self, token: &Token, _attempt: &Attempt) -> Result<Request, Error> {
        let refresh = token
            .refresh()
            .ok_or_else(|| Error::new(ErrorKind::Rejected, "no refresh token"))?;
        Request::post(&Self::base(), "/refresh")
            .form_secret("refresh", refresh)
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, _attempt: &Attempt) -> Result<Outcome, Error> {
        let document = answer.document()?;
        let (Some(access), Some(refresh)) =
            (document.text(&["access"]), document.text(&["refresh"]))
        else {
            return Err(answer.refused(ErrorKind::Rejected, "", "spent"));
        };
        let lifetime = answer.lifetime().seconds(&document, &["ttl"]);
        let validity = lifetime.validity(Renewal::RefreshToken, Duration::from_secs(600));
        let token = Token::builder(access.into(), validity).refresh(Secret::from(refresh));
        Ok(Outcome::Issued(token.build()?))
    }
}

/// The vendor's server; clones share its state.
#[derive(Clone, Debug, Default)]
pub(crate) struct Server(Arc<Mutex<Books>>);

#[derive(Debug, Default)]
struct Books {
    exchanges: u64,
    reused: u64,
}

impl Server {
    pub(crate) fn exchanges(&self) -> u64 {
        self.0.lock().unwrap().exchanges
    }

    pub(crate) fn reused(&self) -> u64 {
        self.0.lock().unwrap().reused
    }

    fn answer(&self, body: &str) -> (u16, String) {
        let mut books = self.0.lock().unwrap();
        let living = format!("refresh=R{}", books.exchanges + 1);
        if body != living {
            books.reused += 1;
            return (400, "{}".to_owned());
        }
        books.exchanges += 1;
        let next = books.exchanges + 1;
        (
            200,
            format!(r#"{{"access":"A{next}","refresh":"R{next}","ttl":3600}}"#),
        )
    }
}

#[async_trait]
impl HttpClient for Server {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        _within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let (status, body) = self.answer(std::str::from_utf8(request.body()).unwrap());
        // tidy: sleeps because the answer is on its way while others get their turn
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(http::Response::builder()
            .status(status)
            .body(body.into())
            .unwrap())
    }
}

pub(crate) fn first() -> Token {
    Token::from_refresh_token(Secret::from("R1")).unwrap()
}
