//! One picture per endpoint: every token from its issue to its expiry, and what happened meanwhile.

mod legend;
mod svg;

use std::time::Duration;

use token_core::Timestamp;

use super::history::{End, GrantHistory, Span};
use svg::{Anchor, Svg};

const WIDTH: f64 = 1200.0;
const LEFT: f64 = 130.0;
const RIGHT: f64 = 40.0;
/// The lane of the numbered marks.
const MARKS: f64 = 84.0;
const FIRST_ROW: f64 = 112.0;
const ROW: f64 = 34.0;
const BAR: f64 = 18.0;
const LEGEND_LINE: f64 = 24.0;
/// A bar that is thinner than this is invisible.
const THINNEST: f64 = 2.5;

const INK: &str = "#1f2933";
const MUTED: &str = "#66727f";
const GRID: &str = "#e4e8ed";
const FRESH: &str = "#2a9d8f";
const DUE: &str = "#f2b134";
const CLOSING: &str = "#d1495b";
const OUTAGE: &str = "#f6dcdf";

/// Draws the life of an endpoint's tokens.
pub(crate) fn draw(name: &str, history: &GrantHistory) -> String {
    let picture = Picture::of(history);
    let mut svg = Svg::new(WIDTH, picture.height());
    let title = format!("{name}: the life of its tokens");
    svg.text((24.0, 34.0), Anchor::Start, &bold(20), &title);
    let below =
        "Simulated vendor on loopback, real exchanges; the test advances the clock of both sides.";
    svg.text((24.0, 56.0), Anchor::Start, &plain(MUTED), below);
    picture.outage(&mut svg);
    picture.axis(&mut svg);
    picture.tokens(&mut svg);
    picture.requests(&mut svg);
    picture.marks(&mut svg);
    legend::draw(&mut svg, history, picture.axis_y() + 66.0);
    svg.finish(&title)
}

struct Picture<'a> {
    history: &'a GrantHistory,
    end: Timestamp,
}

impl<'a> Picture<'a> {
    fn of(history: &'a GrantHistory) -> Self {
        let expiries = history.spans.iter().map(|span| span.validity.expires_at());
        let end = expiries.fold(history.ended, Timestamp::max);
        Self { history, end }
    }

    /// Returns the horizontal position of an instant.
    fn x(&self, at: Timestamp) -> f64 {
        let whole = self.end.since(self.history.begun).as_secs_f64().max(1.0);
        let share = at.min(self.end).since(self.history.begun).as_secs_f64() / whole;
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }

    fn row_y(&self, row: usize) -> f64 {
        FIRST_ROW + ROW * u32::try_from(row).map_or(0.0, f64::from)
    }

    fn requests_y(&self) -> f64 {
        self.row_y(self.history.spans.len())
    }

    fn axis_y(&self) -> f64 {
        self.requests_y() + ROW
    }

    fn height(&self) -> f64 {
        let lines =
            u32::try_from(self.history.marks.len().max(legend::SIGNS)).map_or(0.0, f64::from);
        self.axis_y() + 66.0 + lines * LEGEND_LINE + 8.0
    }

    fn outage(&self, svg: &mut Svg) {
        let Some((from, to)) = self.history.outage else {
            return;
        };
        let (left, right) = (self.x(from), self.x(to));
        let size = (right - left, self.axis_y() - FIRST_ROW + 6.0);
        svg.rect((left, FIRST_ROW - 6.0), size, &fill(OUTAGE));
    }

    fn axis(&self, svg: &mut Svg) {
        let y = self.axis_y();
        let whole = self.end.since(self.history.begun);
        let step = step_of(whole);
        let mut at = Duration::ZERO;
        while at <= whole {
            let x = self.x(self.history.begun.after(at));
            svg.line((x, FIRST_ROW - 6.0), (x, y), &stroke(GRID, 1.0));
            let minutes = at.as_secs() / 60;
            let text = format!("{}:{:02}", minutes / 60, minutes % 60);
            svg.text((x, y + 18.0), Anchor::Middle, &plain(MUTED), &text);
            at += step;
        }
        svg.line((LEFT, y), (WIDTH - RIGHT, y), &stroke(INK, 1.2));
        let middle = f64::midpoint(LEFT, WIDTH - RIGHT);
        svg.text(
            (middle, y + 38.0),
            Anchor::Middle,
            &plain(MUTED),
            "hours since the first token",
        );
    }

    fn tokens(&self, svg: &mut Svg) {
        for (row, span) in self.history.spans.iter().enumerate() {
            let y = self.row_y(row);
            let name = format!("generation {}", span.generation);
            svg.text((LEFT - 14.0, y + 14.0), Anchor::End, &plain(INK), &name);
            for (colour, from, to) in stretches(span) {
                self.bar(
                    svg,
                    y,
                    (from, to),
                    &format!("{} opacity=\"0.3\"", fill(colour)),
                );
                let served = (from.max(span.served.0), to.min(span.served.1));
                if served.0 < served.1 {
                    self.bar(svg, y, served, &fill(colour));
                }
            }
        }
    }

    fn bar(&self, svg: &mut Svg, y: f64, (from, to): (Timestamp, Timestamp), style: &str) {
        let (left, right) = (self.x(from), self.x(to));
        svg.rect((left, y), ((right - left).max(THINNEST), BAR), style);
    }

    fn requests(&self, svg: &mut Svg) {
        let y = self.requests_y();
        svg.text(
            (LEFT - 14.0, y + 14.0),
            Anchor::End,
            &plain(INK),
            "requests",
        );
        for end in [End::NoAnswer, End::Refused, End::Token] {
            let attempts = self
                .history
                .attempts
                .iter()
                .filter(|attempt| attempt.end == end);
            for attempt in attempts {
                sign(svg, end, (self.x(attempt.at), y + lane(end)));
            }
        }
    }

    fn marks(&self, svg: &mut Svg) {
        for (number, mark) in self.history.marks.iter().enumerate() {
            let x = self.x(mark.at);
            let dashed = format!("{} stroke-dasharray=\"3 4\"", stroke(INK, 1.0));
            svg.line((x, MARKS + 10.0), (x, self.axis_y()), &dashed);
            numbered(svg, number, (x, MARKS));
        }
    }
}

/// Returns the lane of an attempt: tokens above, all others below, so that a refusal is visible
/// beside the login that followed it.
fn lane(end: End) -> f64 {
    match end {
        End::Token => 2.0,
        End::Refused | End::NoAnswer => 19.0,
    }
}

/// Divides a life by what callers get: the token at once, at once while it is refreshed, or only if
/// the refresh fails.
fn stretches(span: &Span) -> [(&'static str, Timestamp, Timestamp); 3] {
    let validity = &span.validity;
    [
        (FRESH, validity.issued_at(), validity.refresh_at()),
        (DUE, validity.refresh_at(), validity.usable_until()),
        (CLOSING, validity.usable_until(), validity.expires_at()),
    ]
}

/// Returns a round step that makes at most a dozen ticks.
fn step_of(whole: Duration) -> Duration {
    let steps = [900, 1800, 3600, 7200, 14_400, 28_800, 86_400];
    let fits = |step: &u64| whole.as_secs() / step <= 12;
    Duration::from_secs(steps.into_iter().find(fits).unwrap_or(604_800))
}

fn numbered(svg: &mut Svg, number: usize, (x, y): (f64, f64)) {
    svg.circle((x, y), 10.0, &fill(INK));
    let style = "fill=\"#ffffff\" font-size=\"12\" font-weight=\"bold\"";
    svg.text(
        (x, y + 4.2),
        Anchor::Middle,
        style,
        &(number + 1).to_string(),
    );
}

/// Draws an attempt: a token is a full dot, a refusal a cross, no answer a thin line.
fn sign(svg: &mut Svg, end: End, (x, y): (f64, f64)) {
    match end {
        End::Token => svg.circle((x, y), 5.0, &format!("{} stroke=\"#ffffff\"", fill(FRESH))),
        End::NoAnswer => svg.line((x, y - 7.0), (x, y + 7.0), &stroke("#9a6a2f", 1.4)),
        End::Refused => {
            svg.line(
                (x - 4.5, y - 4.5),
                (x + 4.5, y + 4.5),
                &stroke(CLOSING, 2.2),
            );
            svg.line(
                (x - 4.5, y + 4.5),
                (x + 4.5, y - 4.5),
                &stroke(CLOSING, 2.2),
            );
        }
    }
}

fn fill(colour: &str) -> String {
    format!("fill=\"{colour}\"")
}

fn stroke(colour: &str, width: f64) -> String {
    format!("stroke=\"{colour}\" stroke-width=\"{width}\"")
}

fn plain(colour: &str) -> String {
    fill(colour)
}

fn bold(size: u32) -> String {
    format!("{} font-size=\"{size}\" font-weight=\"bold\"", fill(INK))
}

#[cfg(test)]
mod tests {
    use token_core::{Secret, Token, Validity};

    use super::*;

    fn history() -> GrantHistory {
        let begun = Timestamp::from_unix_seconds(1000);
        let mut history = GrantHistory::begun(begun);
        let validity = Validity::new(begun, begun.after(Duration::from_secs(7200)));
        let token = Token::builder(Secret::from("tell-no-one"), validity)
            .build()
            .unwrap();
        history.token(&token, begun);
        history.mark(begun, "first < token");
        history.token(&token, begun.after(Duration::from_secs(3600)));
        history
    }

    #[test]
    fn every_instant_lies_between_the_margins() {
        let history = history();
        let picture = Picture::of(&history);
        assert_eq!(picture.x(history.begun), LEFT);
        assert_eq!(picture.x(Timestamp::MAX), WIDTH - RIGHT);
        assert_eq!(picture.x(history.ended), f64::midpoint(LEFT, WIDTH - RIGHT));
    }

    #[test]
    fn the_picture_has_the_token_and_the_mark_and_no_secret() {
        let svg = draw("Acme", &history());
        assert!(
            svg.contains("generation 0") && svg.contains("first &lt; token"),
            "{svg}"
        );
        assert!(!svg.contains("tell-no-one"));
    }

    #[test]
    fn the_axis_has_at_most_a_dozen_steps() {
        for seconds in [1, 7200, 26_000, 90_000, 700_000] {
            let whole = Duration::from_secs(seconds);
            assert!(whole.as_secs() / step_of(whole).as_secs() <= 12);
        }
    }
}
