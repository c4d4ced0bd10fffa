//! The bar of a token's life: fresh, due, expired, and now.

use vendor_auth::types::Timestamp;

use crate::life::Life;

/// A part of a life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Band {
    Fresh,
    Due,
    Expired,
    Now,
}

impl Band {
    /// Returns its character, which differs without colours too.
    pub(super) fn symbol(self) -> &'static str {
        match self {
            Self::Fresh => "█",
            Self::Due => "▒",
            Self::Expired => "·",
            Self::Now => "┃",
        }
    }
}

/// Returns the cells of a bar. The last tenth is after the end. Without an end there is no bar.
pub(super) fn cells(life: &Life, now: Timestamp, width: u16) -> Vec<Band> {
    let (Some(start), Some(end)) = (life.issued_at, life.expires_at) else {
        return Vec::new();
    };
    let span = millis(end, start);
    let (width, whole) = (i64::from(width), span + span / 9);
    if span <= 0 || width == 0 || end == Timestamp::MAX {
        return Vec::new();
    }
    let due = life.refresh_at.map_or(span, |at| millis(at, start));
    let now = (millis(now, start).saturating_mul(width) / whole).clamp(0, width - 1);
    let band = |cell: i64| match cell.saturating_mul(whole) / width {
        _ if cell == now => Band::Now,
        at if at >= span => Band::Expired,
        at if at >= due => Band::Due,
        _ => Band::Fresh,
    };
    (0..width).map(band).collect()
}

fn millis(at: Timestamp, start: Timestamp) -> i64 {
    at.unix_millis().saturating_sub(start.unix_millis())
}
