//! What a token takes while it is only held. The allocator counts.

use super::*;

const TOKENS: u64 = 100;

/// A token with all that most vendors state: two secrets, and an expiry of each.
fn usual_token(current: &Current, number: u64) -> Token {
    let now = current.now().wall;
    let access = Secret::from(format!("{number:0ACCESS$}"));
    Token::builder(access, Validity::new(now, now.after(HOUR)))
        .refresh(Secret::from(format!("{number:0REFRESH$}")))
        .refresh_expires_at(now.after(24 * 90 * HOUR))
        .generation(Generation::new(number))
        .build()
        .unwrap()
}

const ACCESS: usize = 1024;
const REFRESH: usize = 64;

/// One allocation for the token, one for each count of its text, and the text.
#[test]
fn a_token_at_rest_takes_at_most_220_bytes_beyond_its_text() {
    let current = by_clock(CacheClock::System, false);
    publish(&current, usual_token(&current, 1), Origin::Refresh);
    let mut held = Vec::with_capacity(101);
    held.push(current.cached());
    let counted = allocation_counter::measure(|| {
        held.extend((2..2 + TOKENS).map(|number| {
            publish(&current, usual_token(&current, number), Origin::Refresh);
            current.cached()
        }));
    });
    drop(held);
    let text = "Bearer ".len() + ACCESS + REFRESH;
    let (bytes, count) = (counted.bytes_current, counted.count_current);
    let each = u64::try_from(bytes).unwrap() / TOKENS - u64::try_from(text).unwrap();
    let allocations = u64::try_from(count).unwrap() / TOKENS;
    assert!(
        each <= 220 && allocations <= 4,
        "{each} bytes, {allocations} allocations"
    );
    assert!(size_of::<CachedToken>() <= 144);
}
