//! The page as the documents show it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use super::*;
use crate::commands::serve::history::{Failed, Period};

fn now() -> Timestamp {
    Timestamp::from_unix_seconds(1_700_000_000)
}

/// Returns the time this many minutes from now.
fn at(minutes: i64) -> Timestamp {
    Timestamp::from_unix_seconds(now().unix_seconds() + 60 * minutes)
}

/// A token that is due after 48 minutes and valid for an hour.
fn token(generation: u64, issued: i64) -> Period {
    Period {
        generation,
        issued_at: at(issued),
        refresh_at: Some(at(issued + 48)),
        expires_at: Some(at(issued + 60)),
        replaced_at: None,
    }
}

fn card(mut life: Life, history: &History) -> Card {
    let last = history.tokens.back().unwrap();
    life.generation = Some(last.generation);
    life.issued_at = Some(last.issued_at);
    life.refresh_at = last.refresh_at;
    life.expires_at = last.expires_at;
    Card::of(life, history, now())
}

fn life(name: &str, vendor: &'static str, key: &str, state: State) -> Life {
    Life {
        name: name.to_owned(),
        vendor,
        key: key.to_owned(),
        state,
        logged_out: false,
        generation: None,
        issued_at: None,
        refresh_at: None,
        expires_at: None,
        grant_ends_at: None,
        paused_until: None,
        last_error: None,
    }
}

/// A token that was refreshed late, because its vendor was away for a while.
fn refreshed_late() -> Card {
    let first = Period {
        replaced_at: Some(at(-82)),
        ..token(6, -130)
    };
    let second = Period {
        replaced_at: Some(at(-26)),
        ..token(7, -82)
    };
    let message = "billing: the vendor's server failed (code 503) [refresh at \
                   id.example.com/oauth2/token]; retry later";
    let failed = Failed {
        last_at: at(-27),
        times: 6,
        message: message.to_owned(),
    };
    let history = History {
        tokens: [first, second, token(8, -26)].into(),
        failures: [failed].into(),
        is_failing: false,
        unread: None,
    };
    let key = "oauth2/id.example.com%2Foauth2%2Ftoken/billing-job:billing";
    card(life("billing", "OAuth 2.0", key, State::Valid), &history)
}

/// A token whose refresh has failed for minutes.
fn failing() -> Card {
    let first = Period {
        replaced_at: Some(at(-52)),
        ..token(2, -100)
    };
    let message = "meters: the connection could not be established: connection refused [refresh \
                   at apim.example.com/apim-token-service/v2.0/token/refresh]; retry later";
    let failed = Failed {
        last_at: at(-1),
        times: 4,
        message: message.to_owned(),
    };
    let history = History {
        tokens: [first, token(3, -52)].into(),
        failures: [failed].into(),
        is_failing: true,
        unread: None,
    };
    let key = "enos-apim/apim.example.com/meter-reader";
    let mut life = life("meters", "EnOS", key, State::RefreshDue);
    life.paused_until = Some(now().after(Duration::from_secs(20)));
    card(life, &history)
}

/// `BLESS=1` writes the picture.
#[test]
fn the_documents_have_this_picture() {
    let page = Page::of(vec![refreshed_late(), failing()], Vec::new(), now());
    let drawn = svg::svg(&page.render().unwrap(), STYLE);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/status-page.svg");
    if std::env::var_os("BLESS").is_some() {
        fs::write(&path, &drawn).unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), drawn);
}
