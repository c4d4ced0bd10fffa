//! The lives of the last tokens as bands over time: fresh, refresh due, expired, and where now is.

use vendor_auth::types::Timestamp;

use crate::commands::serve::history::{History, Period};
use crate::commands::status::relative;

/// The height of one token's band and its label, in pixels.
const ROW: u32 = 40;
/// The height of a band.
pub(super) const BAND: u32 = 16;
/// Above the bands, where "now" is written.
const TOP: u32 = 20;
/// Between them and the axis, for the crosses on it.
const GAP: u32 = 6;
/// Below the axis, for its ends.
const BOTTOM: u32 = 24;
/// The least width of what has no duration, in percent.
const SLIVER: f64 = 0.6;

/// A drawing. Widths are in percent, so that letters keep their size on any screen.
pub(super) struct Picture {
    pub(super) height: u32,
    pub(super) bottom: u32,
    pub(super) rows: Vec<Row>,
    /// Where failures were.
    pub(super) crosses: Vec<String>,
    pub(super) now: Place,
    pub(super) from: String,
    pub(super) to: String,
}

/// The life of one token.
pub(super) struct Row {
    pub(super) label: String,
    pub(super) label_y: u32,
    pub(super) y: u32,
    pub(super) bands: Vec<Band>,
}

/// A part of a life.
pub(super) struct Band {
    pub(super) class: &'static str,
    pub(super) what: &'static str,
    pub(super) x: String,
    pub(super) width: String,
}

/// A point of the axis, and on which side of it a text has room.
pub(super) struct Place {
    pub(super) x: String,
    pub(super) anchor: &'static str,
}

/// The part of time that is drawn.
#[derive(Clone, Copy)]
struct Window {
    from: Timestamp,
    to: Timestamp,
}

impl Picture {
    /// Returns the drawing, if there was a token.
    pub(super) fn of(history: &History, now: Timestamp) -> Option<Self> {
        let window = Window::around(history, now)?;
        let rows = (0..).zip(&history.tokens);
        let rows: Vec<Row> = rows
            .map(|(index, period)| Row::of(period, TOP + index * ROW, window, now))
            .collect();
        let bottom = TOP + ROW * u32::try_from(rows.len()).unwrap_or_default() + GAP;
        let failures = history.failures.iter().map(|failed| failed.last_at);
        let failures = failures.filter(|at| *at >= window.from);
        Some(Self {
            height: bottom + BOTTOM,
            bottom,
            rows,
            crosses: failures.map(|at| percent(window.place(at))).collect(),
            now: Place::of(window.place(now)),
            from: relative(window.from, now),
            to: relative(window.to, now),
        })
    }
}

impl Window {
    fn around(history: &History, now: Timestamp) -> Option<Self> {
        let from = history.tokens.iter().map(|period| period.issued_at).min()?;
        let ends = history.tokens.iter().filter_map(|period| period.expires_at);
        let from = from.min(now);
        let to = ends.max().unwrap_or(now).max(now);
        // A little more, so that the end is seen.
        let margin = to.since(from) / 20;
        let to = to.after(margin.max(std::time::Duration::from_secs(1)));
        Some(Self { from, to })
    }

    /// Returns the place on the axis, in percent.
    fn place(self, at: Timestamp) -> f64 {
        let whole = self.to.since(self.from).as_secs_f64();
        let part = at.since(self.from).as_secs_f64() / whole;
        (part * 100.0).clamp(0.0, 100.0)
    }
}

impl Row {
    fn of(period: &Period, top: u32, window: Window, now: Timestamp) -> Self {
        let due = period.refresh_at.or(period.expires_at).unwrap_or(window.to);
        let end = period.expires_at.unwrap_or(window.to);
        let due = due.min(end);
        // What is left after another token took its place is not used.
        let used_until = period.replaced_at.unwrap_or(window.to);
        let mut bands = Vec::new();
        let mut add = |classes: [&'static str; 2], what, from: Timestamp, to: Timestamp| {
            let middle = used_until.clamp(from, to);
            for (class, from, to) in [(classes[0], from, middle), (classes[1], middle, to)] {
                if from < to {
                    bands.push(Band::of(class, what, window.place(from), window.place(to)));
                }
            }
        };
        if period.issued_at < due {
            add(["fresh", "fresh spare"], "fresh", period.issued_at, due);
        }
        if due < end {
            add(["due", "due spare"], "refresh due", due, end);
        }
        if period.expires_at.is_some() {
            let class = if now >= end { "over" } else { "over spare" };
            let place = window.place(end);
            bands.push(Band::of(class, "expired", place, place + SLIVER));
        }
        Self {
            label: format!("generation {}", period.generation),
            label_y: top + 14,
            y: top + 20,
            bands,
        }
    }
}

impl Band {
    fn of(class: &'static str, what: &'static str, from: f64, to: f64) -> Self {
        Self {
            class,
            what,
            x: percent(from),
            width: percent((to - from).max(SLIVER)),
        }
    }
}

impl Place {
    fn of(x: f64) -> Self {
        let anchor = match x {
            ..10.0 => "start",
            ..90.0 => "middle",
            _ => "end",
        };
        Self {
            x: percent(x),
            anchor,
        }
    }
}

fn percent(number: f64) -> String {
    format!("{number:.2}%")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_seconds(seconds)
    }

    fn period(generation: u64, issued: i64, replaced: Option<i64>) -> Period {
        Period {
            generation,
            issued_at: at(issued),
            refresh_at: Some(at(issued + 600)),
            expires_at: Some(at(issued + 1000)),
            replaced_at: replaced.map(at),
        }
    }

    fn classes(row: &Row) -> Vec<&str> {
        row.bands.iter().map(|band| band.class).collect()
    }

    #[test]
    fn a_token_is_fresh_then_due_then_expired_and_what_was_not_used_is_paler() {
        let history = History {
            tokens: [period(1, 0, Some(700)), period(2, 700, None)].into(),
            ..History::default()
        };
        let picture = Picture::of(&history, at(900)).unwrap();
        assert_eq!(
            classes(&picture.rows[0]),
            ["fresh", "due", "due spare", "over spare"]
        );
        assert_eq!(classes(&picture.rows[1]), ["fresh", "due", "over spare"]);
        assert_eq!(picture.rows[0].bands[0].x, "0.00%");
        // 1,700 s and a twentieth.
        assert_eq!(picture.now.x, "50.42%");
        assert_eq!((&*picture.from, &*picture.to), ("15 min ago", "in 14 min"));
    }

    #[test]
    fn a_token_without_an_end_is_fresh_up_to_the_edge() {
        let endless = Period {
            refresh_at: None,
            expires_at: None,
            ..period(1, 0, None)
        };
        let history = History {
            tokens: [endless].into(),
            ..History::default()
        };
        let picture = Picture::of(&history, at(100)).unwrap();
        assert_eq!(classes(&picture.rows[0]), ["fresh"]);
        assert_eq!(picture.rows[0].bands[0].width, "100.00%");
    }

    #[test]
    fn without_a_token_there_is_no_picture() {
        assert!(Picture::of(&History::default(), at(0)).is_none());
    }
}
