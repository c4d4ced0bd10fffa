//! The repeatable login beside a refresh that fails: when it takes its place, and what becomes of
//! both where both fail.

use std::time::Duration;

use token_cache::{Event, TokenCache};
use token_core::{Error, ErrorKind};
use tokio::time::Instant;

use crate::acme::{
    Acme, Fault, IMPATIENT, MINUTE, ReceivedRequest, SECOND, Setup, When, advance, received,
};

const LATENCY: Duration = Duration::from_millis(10);
/// The pause after a wrong configuration or a refusal.
const LONGEST_PAUSE: Duration = Duration::from_secs(300);

/// How the vendor refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refused {
    Transient,
    Dead,
    SetUpWrongly,
}

use Refused::{Dead, SetUpWrongly, Transient};

impl Refused {
    const ALL: [Self; 3] = [Transient, Dead, SetUpWrongly];

    fn fault(self) -> Fault {
        let says = |status, code| Fault::answer(status, format!(r#"{{"error":"{code}"}}"#));
        match self {
            Transient => says(500, "oops"),
            Dead => says(400, "invalid_grant"),
            SetUpWrongly => says(400, "wrong_client"),
        }
    }

    fn is_kind_of(self, error: &Error) -> bool {
        match self {
            Transient => matches!(error.kind(), ErrorKind::Transient { .. }),
            Dead => error.kind() == ErrorKind::Rejected,
            SetUpWrongly => error.kind() == ErrorKind::Config,
        }
    }

    /// How long the next attempt is away once the vendor is well, without a live token.
    fn longest_pause(self) -> Duration {
        match self {
            Transient => 10 * SECOND,
            Dead | SetUpWrongly => LONGEST_PAUSE,
        }
    }
}

/// A process whose token is due, and a vendor that refuses both.
async fn both_refused(refresh: Refused, login: Refused) -> (Setup, TokenCache) {
    let setup = Setup::new(Acme::single_use().and_login());
    setup.server.latency(LATENCY);
    let cache = setup.due_cache().await;
    setup.server.outage_of("/refresh", refresh.fault());
    setup.server.outage_of("/login", login.fault());
    (setup, cache)
}

/// A caller a second. Returns the last error of each who got no token.
async fn errors_within(cache: &TokenCache, span: Duration) -> Vec<Error> {
    let (began, mut errors) = (Instant::now(), Vec::new());
    while began.elapsed() < span {
        errors.extend(cache.token_within(IMPATIENT).await.err());
        advance(SECOND).await;
    }
    errors
}

async fn to_next_token(cache: &TokenCache) -> Duration {
    let well = Instant::now();
    while cache.token_within(IMPATIENT).await.is_err() {
        assert!(well.elapsed() < 60 * MINUTE, "never");
        advance(SECOND / 10).await;
    }
    well.elapsed()
}

/// The requests since then, as `R` and `L`; a plus joins those of one flight.
fn written(requests: &[ReceivedRequest]) -> String {
    let mut text = String::new();
    for (index, one) in requests.iter().enumerate() {
        let before = index.checked_sub(1).map(|index| &requests[index]);
        if before.is_some_and(|before| one.at - before.at < SECOND / 4) {
            text.push('+');
        }
        text.push_str(if one.path == "/login" { "L" } else { "R" });
    }
    text
}

fn pairs() -> impl Iterator<Item = (Refused, Refused)> {
    let with_each = |refresh| Refused::ALL.into_iter().map(move |login| (refresh, login));
    Refused::ALL.into_iter().flat_map(with_each)
}

// FAULTS.md row 67
// FAULTS.md scenario 11
#[tokio::test(start_paused = true)]
async fn while_the_token_lives_it_is_served_whatever_is_refused() {
    for (refresh, login) in pairs() {
        let (setup, cache) = both_refused(refresh, login).await;
        let errors = errors_within(&cache, 9 * MINUTE).await;
        assert!(errors.is_empty(), "{refresh:?} {login:?} {errors:?}");
        let came = written(&setup.server.requests()[1..]);
        let is_right = match refresh {
            // Only a refusal is followed by the login at once, and only it is not sent again.
            Dead => came.starts_with("R+L") && came.rfind('R') == Some(0),
            // After three answers the login takes one probe's place.
            Transient => came.starts_with("RRRLRRRL") && !came.contains('+'),
            SetUpWrongly => !came.contains('L'),
        };
        assert!(is_right, "{refresh:?} {login:?} {came}");
    }
}

// FAULTS.md row 67
// FAULTS.md scenario 11
#[tokio::test(start_paused = true)]
async fn once_the_token_is_over_login_and_refresh_take_turns() {
    for (refresh, login) in pairs() {
        let (setup, cache) = both_refused(refresh, login).await;
        let mut events = cache.events();
        advance(10 * MINUTE).await;
        let errors = errors_within(&cache, 20 * MINUTE).await;
        assert!(cache.current().is_none(), "{refresh:?} {login:?}");
        let came = written(&setup.server.requests()[1..]);
        let is_right = match refresh {
            Dead => came.starts_with("R+L") && came.rfind('R') == Some(0),
            Transient => came.starts_with("RLRLRL") && came.len() > 100,
            SetUpWrongly => !came.contains('L'),
        };
        assert!(is_right, "{refresh:?} {login:?} {came}");
        let last = errors.last().unwrap();
        let is_told =
            refresh.is_kind_of(last) || (refresh != SetUpWrongly && login.is_kind_of(last));
        assert!(is_told, "{refresh:?} {login:?} {last}");
        let received = received(&mut events).await;
        let rejections = received
            .iter()
            .filter(|event| matches!(event, Event::Rejected { .. }));
        let dead = refresh == Dead && login == Dead;
        assert_eq!(
            rejections.count(),
            usize::from(dead),
            "{refresh:?} {login:?}"
        );
    }
}

// FAULTS.md row 67
// FAULTS.md scenario 11
#[tokio::test(start_paused = true)]
async fn whichever_is_well_again_first_brings_the_next_token() {
    for (refresh, login) in pairs() {
        for well in ["/refresh", "/login"] {
            let (setup, cache) = both_refused(refresh, login).await;
            errors_within(&cache, 15 * MINUTE).await;
            setup.server.outage_of(well, None);
            let (helps, longest) = match (refresh, well) {
                // The vendor said that it is dead: only the login helps.
                (Dead, _) => (well == "/login", login.longest_pause()),
                // In turns.
                (Transient, _) => (true, 2 * Transient.longest_pause()),
                // A client that is set up wrongly is not tried with its login.
                (SetUpWrongly, _) => (well == "/refresh", LONGEST_PAUSE),
            };
            if !helps {
                let errors = errors_within(&cache, 10 * MINUTE).await;
                assert!(!errors.is_empty());
                assert!(cache.current().is_none(), "{refresh:?} {login:?} {well}");
                continue;
            }
            let took = to_next_token(&cache).await;
            assert!(
                took <= longest + SECOND,
                "{refresh:?} {login:?} {well}: {took:?}"
            );
        }
    }
}

// FAULTS.md row 67
#[tokio::test(start_paused = true)]
async fn a_foreign_page_or_a_500_for_a_dead_token_costs_one_probe_before_the_login() {
    for (status, body) in [
        (500, "{}"),
        (403, "<html>no</html>"),
        (404, "default backend - 404"),
        (400, r#"{"error":"E17"}"#),
    ] {
        let setup = Setup::new(Acme::single_use().and_login());
        setup.server.latency(LATENCY);
        let cache = setup.due_cache().await;
        advance(10 * MINUTE).await;
        setup
            .server
            .outage_of("/refresh", Fault::answer(status, body));
        let asked = Instant::now();
        assert!(setup.server.accepts(cache.token().await.unwrap().access()));
        assert!(
            asked.elapsed() <= SECOND + 3 * LATENCY,
            "{:?}",
            asked.elapsed()
        );
        assert_eq!(
            written(&setup.server.requests()[1..]),
            "RL",
            "{status} {body}"
        );
    }
}

// FAULTS.md row 67
#[tokio::test(start_paused = true)]
async fn a_vendor_that_is_busy_or_down_or_says_when_is_not_asked_for_a_login() {
    for fault in [
        Fault::status(503),
        Fault::status(429),
        Fault::Unsent(token_core::SendFailure::Connect),
        Fault::answer(400, r#"{"error":"frozen"}"#),
    ] {
        let setup = Setup::new(Acme::single_use().and_login());
        let cache = setup.due_cache().await;
        advance(10 * MINUTE).await;
        setup.server.outage_of("/refresh", fault.clone());
        errors_within(&cache, 15 * MINUTE).await;
        assert_eq!(setup.server.count("/login"), 0, "{fault:?}");
    }
}

// FAULTS.md row 67
#[tokio::test(start_paused = true)]
async fn a_refused_refresh_is_sent_again_after_forget_rejection() {
    let (setup, cache) = both_refused(Dead, Transient).await;
    advance(10 * MINUTE).await;
    errors_within(&cache, MINUTE).await;
    assert_eq!(setup.server.count("/refresh"), 2);
    setup.server.outage_of("/refresh", None);
    cache.forget_rejection();
    advance(SECOND).await;
    assert!(cache.token().await.is_ok());
    assert_eq!(setup.server.count("/refresh"), 3);
}

// FAULTS.md rows 51 and 67
#[tokio::test(start_paused = true)]
async fn a_login_whose_answer_is_lost_leaves_no_doubt_about_the_refresh_token() {
    for refused in [Transient, Dead] {
        let (setup, cache) = both_refused(refused, Transient).await;
        setup
            .server
            .outage_of("/login", Fault::Lost(When::BeforeProcessing));
        advance(10 * MINUTE).await;
        errors_within(&cache, 2 * SECOND).await;
        assert!(setup.server.count("/login") > 0);
        assert!(
            setup.stored().await.intent.is_none(),
            "others need not wait for it"
        );
    }
}
