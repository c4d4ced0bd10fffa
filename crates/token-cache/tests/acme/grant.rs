//! The state of the test vendor's one grant, and how it answers.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, UNIX_EPOCH};

use token_cache::test_util::RuntimeClock;
use token_core::Clock;
use token_core::reexports::Bytes;
use token_core::reexports::http::{Response, StatusCode};
use tokio::time::Instant;

use super::fault::Fault;
use super::server::Reuse;
use super::wire::ReceivedRequest;

pub(super) struct State {
    pub(super) clock: RuntimeClock,
    pub(super) skew_millis: i64,
    pub(super) spent: Reuse,
    pub(super) life: Duration,
    pub(super) latency: Duration,
    pub(super) kills_old_access: bool,
    pub(super) repeats_live: bool,
    pub(super) grant: Option<GrantLife>,
    pub(super) issued: u64,
    pub(super) refresh: String,
    pub(super) spent_at: HashMap<String, Instant>,
    pub(super) access: HashMap<String, Instant>,
    pub(super) newest: String,
    pub(super) dead: bool,
    pub(super) reused: u32,
    pub(super) script: VecDeque<Fault>,
    pub(super) outage: Option<Fault>,
    pub(super) outages: HashMap<&'static str, Fault>,
    pub(super) requests: Vec<ReceivedRequest>,
}

/// When a grant ends.
#[derive(Clone, Copy)]
pub(super) struct GrantLife {
    pub(super) ends_at: Instant,
    /// By how much each exchange extends it.
    pub(super) slides: Option<Duration>,
}

impl State {
    pub(super) fn act(&mut self, request: &ReceivedRequest) -> Response<Bytes> {
        let now = self
            .clock
            .now()
            .wall
            .shifted(self.skew_millis)
            .unix_millis();
        let came = now - i64::try_from(request.at.elapsed().as_millis()).unwrap();
        if request.path != "/revoke" && came.abs_diff(request.stamp) > 60_000 {
            return self.answer(400, r#"{"error":"stale"}"#);
        }
        match request.path.as_str() {
            "/login" if self.repeats_live => self.repeat(),
            "/login" | "/redeem" => {
                self.dead = false;
                self.rotate();
                self.issue()
            }
            "/refresh" => self.take(&request.presented),
            _ => {
                self.dead |= request.presented == self.refresh;
                self.answer(200, "{}")
            }
        }
    }

    fn take(&mut self, presented: &str) -> Response<Bytes> {
        let spent_at = self.spent_at.get(presented).copied();
        let in_grace =
            |at: Instant| matches!(self.spent, Reuse::AllowedFor(grace) if at.elapsed() <= grace);
        let good = presented == self.refresh || spent_at.is_some_and(in_grace);
        if spent_at.is_some() && !good {
            self.reused += 1;
            self.dead = true;
        }
        self.dead |= self
            .grant
            .is_some_and(|grant| grant.ends_at <= Instant::now());
        if self.dead || !good {
            return self.answer(400, r#"{"error":"invalid_grant"}"#);
        }
        if presented == self.refresh && self.spent != Reuse::Allowed {
            self.spent_at.insert(presented.to_owned(), Instant::now());
            self.rotate();
        }
        self.issue()
    }

    fn rotate(&mut self) {
        self.issued += 1;
        self.refresh = format!("acme-refresh-{}", self.issued);
    }

    pub(super) fn issue(&mut self) -> Response<Bytes> {
        self.issued += 1;
        self.newest = format!("acme-access-{}", self.issued);
        self.tell(true)
    }

    fn repeat(&mut self) -> Response<Bytes> {
        let now = Instant::now();
        let until = self
            .access
            .get(&self.newest)
            .copied()
            .filter(|until| *until > now);
        let until = until.unwrap_or_else(|| {
            self.issued += 1;
            self.newest = format!("acme-access-{}", self.issued);
            self.access.insert(self.newest.clone(), now + self.life);
            now + self.life
        });
        let body = format!(
            r#"{{"token":"{}","ttl":{}}}"#,
            self.newest,
            (until - now).as_secs()
        );
        self.answer(200, &body)
    }

    pub(super) fn tell(&mut self, with_refresh: bool) -> Response<Bytes> {
        if self.kills_old_access {
            self.access.clear();
        }
        self.access
            .insert(self.newest.clone(), Instant::now() + self.life);
        let grant_ttl = self.grant_ttl();
        let refresh = if with_refresh {
            format!(r#","refresh":"{}"{grant_ttl}"#, self.refresh)
        } else {
            String::new()
        };
        let body = format!(
            r#"{{"token":"{}"{refresh},"ttl":{}}}"#,
            self.newest,
            self.life.as_secs()
        );
        self.answer(200, &body)
    }

    fn grant_ttl(&mut self) -> String {
        let Some(grant) = &mut self.grant else {
            return String::new();
        };
        let now = Instant::now();
        if let Some(life) = grant.slides {
            grant.ends_at = now + life;
        }
        format!(r#","grant_ttl":{}"#, (grant.ends_at - now).as_secs())
    }

    pub(super) fn answer(&self, status: u16, body: &str) -> Response<Bytes> {
        let mut response = Response::new(Bytes::from(body.to_owned()));
        *response.status_mut() = StatusCode::from_u16(status).unwrap();
        let shown = self.clock.now().wall.shifted(self.skew_millis);
        let date = UNIX_EPOCH + Duration::from_secs(shown.unix_seconds().try_into().unwrap());
        response
            .headers_mut()
            .insert("date", httpdate::fmt_http_date(date).parse().unwrap());
        response
    }
}
