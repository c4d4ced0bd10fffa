//! The meaning of the numbers and the colours.

use super::svg::{Anchor, Svg};
use super::{BAR, CLOSING, DUE, FRESH, INK, LEGEND_LINE, OUTAGE, fill, numbered, plain, sign};
use crate::demo::history::{End, GrantHistory};

/// How many symbols are explained.
pub(super) const SIGNS: usize = 8;
/// Where the symbols begin, to the right of the numbers.
const SIGNS_X: f64 = 680.0;

/// Draws the numbers on the left and the symbols on the right.
pub(super) fn draw(svg: &mut Svg, history: &GrantHistory, top: f64) {
    for (number, mark) in history.marks.iter().enumerate() {
        let y = line_y(top, number);
        numbered(svg, number, (36.0, y));
        svg.text((56.0, y + 4.5), Anchor::Start, &plain(INK), &mark.text);
    }
    let colours = [
        (fill(FRESH), "fresh: callers get it at once"),
        (
            fill(DUE),
            "due: callers get it at once, the first one starts an exchange",
        ),
        (fill(CLOSING), "expiring: callers wait for the exchange"),
        (
            format!("{} opacity=\"0.3\"", fill(FRESH)),
            "pale: not served, replaced or revoked",
        ),
        (fill(OUTAGE), "outage"),
    ];
    for (line, (style, text)) in colours.iter().enumerate() {
        let y = line_y(top, line);
        svg.rect((SIGNS_X - 12.0, y - 6.0), (24.0, BAR - 6.0), style);
        svg.text((SIGNS_X + 24.0, y + 4.5), Anchor::Start, &plain(INK), text);
    }
    let ends = [
        (End::Token, "request that brought a token"),
        (End::Refused, "request that the vendor refused"),
        (End::NoAnswer, "request without an answer from the vendor"),
    ];
    for (line, (end, text)) in ends.into_iter().enumerate() {
        let y = line_y(top, line + colours.len());
        sign(svg, end, (SIGNS_X, y));
        svg.text((SIGNS_X + 24.0, y + 4.5), Anchor::Start, &plain(INK), text);
    }
}

fn line_y(top: f64, line: usize) -> f64 {
    top + LEGEND_LINE * u32::try_from(line).map_or(0.0, f64::from)
}
