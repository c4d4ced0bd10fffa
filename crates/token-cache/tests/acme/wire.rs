//! Received requests, and the `Date` of answers.

use token_core::reexports::Bytes;
use token_core::reexports::http::Request;
use tokio::time::Instant;

/// A request that the test vendor received.
#[derive(Clone, Debug)]
pub(crate) struct ReceivedRequest {
    pub(crate) path: String,
    pub(crate) presented: String,
    pub(crate) stamp: i64,
    pub(crate) at: Instant,
}

impl ReceivedRequest {
    pub(super) fn of(request: &Request<Bytes>) -> Self {
        let body = String::from_utf8_lossy(request.body()).into_owned();
        let field = |name: &str| {
            let pairs = body.split('&').filter_map(|pair| pair.split_once('='));
            pairs
                .filter(|(key, _)| *key == name)
                .map(|(_, value)| value.to_owned())
                .next()
        };
        let spent = ["refresh", "key", "code"].into_iter().find_map(field);
        // The test vendor's paths have one segment, whatever its base URL.
        let path = request.uri().path().rsplit('/').next().unwrap_or_default();
        Self {
            path: format!("/{path}"),
            presented: spent.unwrap_or_default(),
            stamp: field("at")
                .and_then(|at| at.parse().ok())
                .unwrap_or_default(),
            at: Instant::now(),
        }
    }
}

/// As `Date` is written (RFC 9110 section 5.6.7), for the years in which Acme is open: 2023 to
/// 2025.
pub(super) fn http_date(unix_seconds: i64) -> String {
    const OPENED: i64 = 1_672_531_200; // Sunday, 1 January 2023
    const MONTHS: [(&str, i64); 12] = [
        ("Jan", 31),
        ("Feb", 28),
        ("Mar", 31),
        ("Apr", 30),
        ("May", 31),
        ("Jun", 30),
        ("Jul", 31),
        ("Aug", 31),
        ("Sep", 30),
        ("Oct", 31),
        ("Nov", 30),
        ("Dec", 31),
    ];
    let (days, seconds) = (
        (unix_seconds - OPENED).div_euclid(86_400),
        unix_seconds.rem_euclid(86_400),
    );
    let weekday = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"]
        [usize::try_from(days.rem_euclid(7)).unwrap()];
    let (mut year, mut month, mut day) = (2023, 0, days);
    while day >= MONTHS[month].1 + i64::from(year == 2024 && month == 1) {
        day -= MONTHS[month].1 + i64::from(year == 2024 && month == 1);
        month = (month + 1) % 12;
        year += i32::from(month == 0);
    }
    let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    format!(
        "{weekday}, {:02} {} {year} {hour:02}:{minute:02}:{second:02} GMT",
        day + 1,
        MONTHS[month].0
    )
}
