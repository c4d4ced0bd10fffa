//! One exchange without a cache, over a client that is a closure.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use token_core::{
    Answer, Attempt, BaseUrl, Error, ErrorKind, HttpClient, LONGEST_BODY, OneTimeGrant, Outcome,
    PlainHttp, Purpose, Repeatable, Request, Rotation, Secret, SendError, SendFailure, Step,
    Timestamp, Token, TokenEndpoint, TokenKey, Validity, exchange, http_fn,
};

/// A vendor whose answers say what comes next: `token T [refresh]`, `refresh R`, `next`, `again`.
#[derive(Debug)]
struct Acme {
    base: BaseUrl,
    has_login: bool,
    rotation: Rotation,
}

fn acme() -> Acme {
    let base = BaseUrl::parse("https://acme.example", PlainHttp::Refused).unwrap();
    Acme {
        base,
        has_login: true,
        rotation: Rotation::SingleUse,
    }
}

fn at(attempt: &Attempt) -> String {
    attempt.now().unix_millis().to_string()
}

impl TokenEndpoint for Acme {
    fn key(&self) -> TokenKey {
        TokenKey::of("acme", "acme.example", "default")
    }

    fn rotation(&self) -> Rotation {
        self.rotation
    }

    fn login(&self, attempt: &Attempt) -> Option<Result<Request, Error>> {
        let request = Request::post(&self.base, "/login").form("at", &at(attempt));
        self.has_login.then(|| request.build(Step::Login))
    }

    fn refresh(&self, token: &Token, attempt: &Attempt) -> Result<Request, Error> {
        Request::post(&self.base, "/refresh")
            .form_secret("token", token.refresh_credential())
            .form("at", &at(attempt))
            .build(Step::Refresh)
    }

    fn read(&self, answer: &Answer<'_>, attempt: &Attempt) -> Result<Outcome, Error> {
        let text = String::from_utf8_lossy(answer.body()).into_owned();
        let words: Vec<_> = text.split(' ').collect();
        let again = || Error::new(ErrorKind::Transient { after: None }, "again");
        Ok(match words.as_slice() {
            ["token", access, rest @ ..] => {
                let refresh = rest.first().copied().map(Secret::from);
                let validity = Validity::without_end(answer.asked_at());
                let token = Token::builder(Secret::from(*access), validity).refresh(refresh);
                Outcome::Issued(token.build()?)
            }
            ["refresh", refresh] => Outcome::RefreshTokenOnly {
                refresh: Secret::from(*refresh),
                refresh_expires_at: None,
                error: answer.error(ErrorKind::Protocol, "no access token"),
            },
            ["next"] => {
                let next = Request::post(&self.base, "/second").form("at", &at(attempt));
                Outcome::Continue(next.build(Step::Further("second"))?)
            }
            ["again"] => Outcome::Retry(again()),
            _ => return Err(answer.refused(ErrorKind::Rejected, "refused", &text)),
        })
    }
}

/// A client that gives these answers in order, and keeps the requests.
#[derive(Clone, Default)]
struct Script(Arc<Mutex<(VecDeque<&'static str>, Vec<String>)>>);

impl Script {
    fn of(answers: &[&'static str]) -> Self {
        let script = Self::default();
        script.0.lock().unwrap().0.extend(answers);
        script
    }

    fn client(&self) -> impl HttpClient + use<> {
        let script = self.0.clone();
        http_fn(move |request: http::Request<Bytes>| {
            let mut script = script.lock().unwrap();
            let body = String::from_utf8(request.body().to_vec()).unwrap();
            script.1.push(format!("{} {body}", request.uri().path()));
            let answer = script.0.pop_front().ok_or("no answer is left");
            async move { answer.map(|text| http::Response::new(Bytes::from(text))) }
        })
    }

    fn sent(&self) -> Vec<String> {
        self.0.lock().unwrap().1.clone()
    }
}

/// A client that cannot connect once there is no answer left.
#[derive(Debug)]
struct Offline<C>(C);

#[async_trait::async_trait]
impl<C: HttpClient> HttpClient for Offline<C> {
    async fn send(
        &self,
        request: http::Request<Bytes>,
        within: Duration,
    ) -> Result<http::Response<Bytes>, SendError> {
        let sent = self.0.send(request, within).await;
        sent.map_err(|_| SendError::before_sending(SendFailure::Connect))
    }
}

/// Attempts one second apart.
fn attempts() -> impl FnMut() -> Attempt {
    let mut seconds = 1_700_000_000;
    move || {
        seconds += 1;
        Attempt::new(Timestamp::from_unix_seconds(seconds), [7; 16])
    }
}

async fn obtain(answers: &[&'static str], purpose: Purpose<'_>) -> (Result<Token, Error>, Script) {
    let script = Script::of(answers);
    let result = exchange(&acme(), &script.client(), purpose, attempts()).await;
    (result, script)
}

fn old() -> Token {
    let validity = Validity::without_end(Timestamp::from_unix_seconds(1));
    let token = Token::builder(Secret::from("A1"), validity).refresh(Secret::from("R1"));
    token.build().unwrap()
}

#[tokio::test]
async fn a_login_follows_its_further_steps_with_growing_instants() {
    let (token, script) = obtain(&["next", "next", "token A1"], Purpose::Login).await;
    assert_eq!(token.unwrap().access().expose(), "A1");
    let sent = script.sent();
    let paths: Vec<_> = sent
        .iter()
        .map(|line| line.split(' ').next().unwrap())
        .collect();
    assert_eq!(paths, ["/login", "/second", "/second"]);
    assert!(
        sent.iter()
            .map(|line| line.rsplit('=').next())
            .is_sorted_by(|a, b| a < b)
    );
}

#[tokio::test]
async fn an_exchange_is_repeated_once_if_the_endpoint_asks_for_it() {
    let (token, script) = obtain(&["again", "token A1"], Purpose::Login).await;
    assert!(token.is_ok());
    assert_eq!(script.sent().len(), 2);
    let (token, script) = obtain(&["again", "again", "token A1"], Purpose::Login).await;
    assert_eq!(
        token.unwrap_err().kind(),
        ErrorKind::Transient { after: None }
    );
    assert_eq!(script.sent().len(), 2);
}

#[tokio::test]
async fn a_one_time_grant_is_sent_once() {
    let base = acme().base;
    let grant = OneTimeGrant::new(move |_| {
        let request = Request::post(&base, "/redeem").form_secret("code", &Secret::from("C1"));
        request.build(Step::Redemption)
    });
    let (token, script) = obtain(&["again", "token A1"], Purpose::Redeem(grant)).await;
    assert!(token.is_err());
    assert_eq!(script.sent(), ["/redeem code=C1"]);
}

#[tokio::test]
async fn a_refresh_keeps_what_the_answer_leaves_out() {
    let old = old();
    let (token, _) = obtain(&["token A2"], Purpose::Refresh(&old)).await;
    let token = token.unwrap();
    assert_eq!(token.access().expose(), "A2");
    assert_eq!(token.refresh().unwrap().expose(), "R1");
    assert_eq!(token.generation(), old.generation().next());
    let (token, _) = obtain(&["refresh R2"], Purpose::Refresh(&old)).await;
    let token = token.unwrap();
    assert_eq!(
        (token.access().expose(), token.refresh().unwrap().expose()),
        ("A1", "R2")
    );
}

#[tokio::test]
async fn a_refusal_is_scrubbed_of_the_token_and_names_the_request() {
    let old = old().with_refresh(Secret::from("refresh-token-one"), None);
    let (token, _) = obtain(&["refused: refresh-token-one"], Purpose::Refresh(&old)).await;
    let error = token.unwrap_err();
    assert_eq!(
        (error.kind(), error.path()),
        (ErrorKind::Rejected, Some("/refresh"))
    );
    assert!(!error.to_string().contains("refresh-token-one"), "{error}");
}

#[tokio::test]
async fn too_many_steps_and_an_endpoint_without_a_login_are_errors() {
    let (token, script) = obtain(&["next"; 9], Purpose::Login).await;
    assert_eq!(token.unwrap_err().kind(), ErrorKind::Protocol);
    assert_eq!(script.sent().len(), 5);
    let endpoint = Acme {
        has_login: false,
        ..acme()
    };
    let (client, login) = (Script::of(&[]).client(), Purpose::Login);
    let error = exchange(&endpoint, &client, login, attempts()).await;
    assert_eq!(error.unwrap_err().kind(), ErrorKind::Config);
}

#[tokio::test]
async fn a_failure_after_a_step_that_may_have_spent_something_is_in_doubt() {
    let kind = async |answers: &[&'static str], purpose: Purpose<'_>| {
        let client = Offline(Script::of(answers).client());
        let exchanged = exchange(&acme(), &client, purpose, attempts()).await;
        exchanged.unwrap_err().kind()
    };
    let (old, transient) = (old(), ErrorKind::Transient { after: None });
    let refresh = || Purpose::Refresh(&old);
    assert_eq!(kind(&["next"], refresh()).await, ErrorKind::InDoubt);
    assert_eq!(kind(&["next"; 9], refresh()).await, ErrorKind::InDoubt);
    assert_eq!(kind(&["next", "no"], refresh()).await, ErrorKind::Rejected);
    assert_eq!(kind(&[], refresh()).await, transient);
    assert_eq!(kind(&["next"], Purpose::Login).await, transient);
}

#[tokio::test]
async fn a_closure_that_fails_counts_as_maybe_sent_and_its_text_is_dropped() {
    let client = http_fn(|_| async { Err::<http::Response<Bytes>, _>("https://secret@host") });
    let request = http::Request::new(Bytes::new());
    let within = Duration::from_secs(1);
    let error = client.send(request, within).await.unwrap_err();
    assert!(error.may_have_left() && !format!("{error} {error:?}").contains("secret"));
    let long = http_fn(|_| async {
        Ok::<_, &str>(http::Response::new(vec![b' '; LONGEST_BODY + 1].into()))
    });
    let error = long
        .send(http::Request::new(Bytes::new()), within)
        .await
        .unwrap_err();
    assert_eq!(error.failure(), SendFailure::TooLong);
}

/// Returns which requests of an exchange may be sent over a kept connection.
async fn marks(rotation: Rotation, answers: &[&'static str], purpose: Purpose<'_>) -> Vec<bool> {
    let (script, marks) = (Script::of(answers), Arc::<Mutex<Vec<bool>>>::default());
    let (client, seen) = (Arc::new(script.client()), Arc::clone(&marks));
    let http = http_fn(move |request: http::Request<Bytes>| {
        let is_marked = request.extensions().get::<Repeatable>().is_some();
        seen.lock().unwrap().push(is_marked);
        let client = Arc::clone(&client);
        async move { client.send(request, Duration::MAX).await }
    });
    let endpoint = Acme { rotation, ..acme() };
    exchange(&endpoint, &http, purpose, attempts())
        .await
        .unwrap();
    marks.lock().unwrap().clone()
}

#[tokio::test]
async fn only_what_may_be_sent_again_is_marked_as_repeatable() {
    let (old, single_use) = (old(), Rotation::SingleUse);
    let login = marks(single_use, &["next", "token A1"], Purpose::Login);
    assert_eq!(login.await, [true, true]);
    let refresh = marks(single_use, &["token A2 R2"], Purpose::Refresh(&old));
    assert_eq!(refresh.await, [false]);
    for rotation in [
        Rotation::Idempotent,
        Rotation::Grace(Duration::from_secs(9)),
    ] {
        let refresh = marks(rotation, &["token A2 R2"], Purpose::Refresh(&old));
        assert_eq!(refresh.await, [true]);
    }
    let base = acme().base;
    let grant = OneTimeGrant::new(move |_| Request::post(&base, "/x").build(Step::Redemption));
    let redeem = marks(Rotation::Idempotent, &["token A1"], Purpose::Redeem(grant));
    assert_eq!(redeem.await, [false]);
}
