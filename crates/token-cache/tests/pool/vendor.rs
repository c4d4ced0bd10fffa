//! A test vendor with any number of customers, each with a grant of its own.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::{Duration, SystemTime};

use token_cache::test_util::RuntimeClock;
use token_cache::{MemoryStore, TokenPool, TokenPoolBuilder};
use token_core::reexports::http::{Request as HttpRequest, Response};
use token_core::reexports::{Bytes, async_trait};
use token_core::{HttpClient, SendError, Timestamp};
use tokio::runtime::Handle;
use tokio::time::Instant;

pub(crate) use crate::customer::{Customer, refresh_token};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// The vendor. Clones are the same.
#[derive(Clone, Debug)]
pub(crate) struct Vendor(Arc<Mutex<State>>);

#[derive(Debug)]
struct State {
    /// The generation of each customer's newest token.
    issued: HashMap<String, u64>,
    life: Duration,
    /// When all grants end, as Unix time.
    grants_end: Option<i64>,
    /// Whether the answers have a part that nobody expects.
    odd: bool,
    latency: Duration,
    /// What its answers have as `Date`.
    date: Option<SystemTime>,
    down: bool,
    refused: HashSet<String>,
    /// These hosts do not answer.
    hanging: HashSet<String>,
    /// These are asked to come back after a while.
    busy: HashMap<String, Duration>,
    requests: Vec<Received>,
    under_way: usize,
    most_under_way: usize,
}

#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) step: String,
    pub(crate) account: String,
    pub(crate) at: Instant,
    /// The instant of the attempt, in milliseconds.
    pub(crate) signed_at: i64,
}

impl Vendor {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(State {
            issued: HashMap::new(),
            life: 60 * MINUTE,
            grants_end: None,
            odd: false,
            latency: Duration::from_millis(100),
            date: None,
            down: false,
            refused: HashSet::new(),
            hanging: HashSet::new(),
            busy: HashMap::new(),
            requests: Vec::new(),
            under_way: 0,
            most_under_way: 0,
        })))
    }

    /// Returns a builder for a pool in the paused time of the test.
    pub(crate) fn pool(&self, store: &MemoryStore) -> TokenPoolBuilder {
        self.configured(
            TokenPool::builder(|account| Ok(Customer::of(account))),
            store,
        )
    }

    /// Returns a builder for one whose customers cannot log in by themselves.
    pub(crate) fn pool_without_logins(&self, store: &MemoryStore) -> TokenPoolBuilder {
        let make = |account: &str| Ok(Customer::of(account).without_login());
        self.configured(TokenPool::builder(make), store)
    }

    pub(crate) fn configured(
        &self,
        pool: TokenPoolBuilder,
        store: &MemoryStore,
    ) -> TokenPoolBuilder {
        pool.http_client(self.clone())
            .store(store.clone())
            .clock(RuntimeClock::at(Timestamp::from_unix_seconds(
                1_700_000_000,
            )))
            .runtime(Handle::current())
    }

    pub(crate) fn go_down(&self, down: bool) {
        self.state().down = down;
    }

    /// Answers after this time.
    pub(crate) fn take(&self, latency: Duration) {
        self.state().latency = latency;
    }

    pub(crate) fn grants_end(&self, unix_seconds: i64) {
        self.state().grants_end = Some(unix_seconds);
    }

    pub(crate) fn be_odd(&self) {
        self.state().odd = true;
    }

    pub(crate) fn refuse(&self, account: &str) {
        self.state().refused.insert(account.to_owned());
    }

    pub(crate) fn hang(&self, host: &str) {
        self.state().hanging.insert(host.to_owned());
    }

    pub(crate) fn date(&self, date: SystemTime) {
        self.state().date = Some(date);
    }

    pub(crate) fn accept(&self, account: &str) {
        self.state().refused.remove(account);
    }

    pub(crate) fn busy_for(&self, account: &str, after: Duration) {
        self.state().busy.insert(account.to_owned(), after);
    }

    pub(crate) fn not_busy(&self) {
        self.state().busy.clear();
    }

    pub(crate) fn requests(&self) -> Vec<Received> {
        self.state().requests.clone()
    }

    pub(crate) fn requests_of(&self, account: &str) -> usize {
        let requests = self.requests();
        let theirs = requests.iter().filter(|request| request.account == account);
        theirs.count()
    }

    pub(crate) fn most_under_way(&self) -> usize {
        self.state().most_under_way
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap()
    }

    fn answer(&self, request: &HttpRequest<Bytes>) -> Response<Bytes> {
        let body = String::from_utf8(request.body().to_vec()).unwrap();
        let field = |name: &str| {
            let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            let mut named = pairs.filter(|(key, _)| *key == name);
            named.next().map(|(_, value)| value.to_owned())
        };
        let account = field("account").unwrap();
        let mut state = self.state();
        state.requests.push(Received {
            step: request.uri().path().to_owned(),
            account: account.clone(),
            at: Instant::now(),
            signed_at: field("at").unwrap().parse().unwrap(),
        });
        if state.down {
            return answer(503, "{}");
        }
        if let Some(after) = state.busy.get(&account) {
            let mut answer = answer(429, "{}");
            let after = after.as_secs().to_string().parse().unwrap();
            answer.headers_mut().insert("retry-after", after);
            return answer;
        }
        let newest = state.issued.get(&account).copied().unwrap_or(0);
        let is_spent = field("refresh").is_some_and(|spent| spent != format!("{account}.{newest}"));
        if is_spent || state.refused.contains(&account) {
            return answer(400, r#"{"refused": true}"#);
        }
        let next = newest + 1;
        state.issued.insert(account.clone(), next);
        let ttl = state.life.as_secs();
        let end = state
            .grants_end
            .map(|end| format!(r#", "grant_ends": {end}"#));
        let odd = if state.odd {
            r#", "surprise": true"#
        } else {
            ""
        };
        let more = end.unwrap_or_default() + odd;
        let body = format!(
            r#"{{"token": "access-{account}-{next}", "refresh": "{account}.{next}", "ttl": {ttl}{more}}}"#
        );
        let mut answer = answer(200, &body);
        if let Some(date) = state.date {
            let date = httpdate::fmt_http_date(date).parse().unwrap();
            answer.headers_mut().insert("date", date);
        }
        answer
    }
}

fn answer(status: u16, body: &str) -> Response<Bytes> {
    let body = Bytes::copy_from_slice(body.as_bytes());
    Response::builder().status(status).body(body).unwrap()
}

#[async_trait]
impl HttpClient for Vendor {
    async fn send(
        &self,
        request: HttpRequest<Bytes>,
        _within: Duration,
    ) -> Result<Response<Bytes>, SendError> {
        let latency = {
            let mut state = self.state();
            state.under_way += 1;
            state.most_under_way = state.most_under_way.max(state.under_way);
            state.latency
        };
        // tidy: sleeps because a vendor takes its time, which is paused.
        tokio::time::sleep(latency).await;
        let host = request.uri().host().unwrap();
        if self.state().hanging.contains(host) {
            return std::future::pending().await;
        }
        let answer = self.answer(&request);
        self.state().under_way -= 1;
        Ok(answer)
    }
}
