//! Draws the view into a buffer: a pure function, so that tests and pictures for the documents need
//! no terminal.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Paragraph, Widget as _, Wrap};
use vendor_auth::types::Timestamp;

use super::bar::{self, Band};
use super::view::{Page, View};
use super::words;
use crate::commands::status::relative;
use crate::life::{Life, State};

const HELP: [&str; 8] = [
    "↑ k  ↓ j   select",
    "Enter      details",
    "r          get another token now",
    "           (this asks the vendor)",
    "?          this help",
    "Esc q      quit",
    "",
    "█ fresh  ▒ refresh due  · expired  ┃ now",
];
const KEYS: &str = "? help  q quit  ↑↓ select  r refresh  Enter details";
const FEW_KEYS: &str = "? help  q quit  ↑↓ select  r refresh";

/// Returns the picture of this size.
#[cfg(test)]
pub(super) fn buffer(view: &View, now: Timestamp, width: u16, height: u16) -> Buffer {
    let area = Rect::new(0, 0, width, height);
    let mut buffer = Buffer::empty(area);
    draw(view, now, area, &mut buffer);
    buffer
}

/// Draws the picture.
pub(super) fn draw(view: &View, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    if area.height < 3 {
        return Line::from("too few rows").render(area, buffer);
    }
    let paint = Paint(view.has_colours);
    let [title, foot] = [0, area.height - 1].map(|row| Rect {
        y: area.y + row,
        height: 1,
        ..area
    });
    let body = Rect {
        y: area.y + 1,
        height: area.height - 2,
        ..area
    };
    let text = format!("vendor-auth watch  {}", second(now));
    rows(vec![Line::styled(text, paint.strong())], title, buffer);
    match view.page {
        Page::List => list(view, now, paint, body, buffer),
        Page::Details => details(view, now, body, buffer),
        Page::Help => rows(HELP.map(Line::from).to_vec(), body, buffer),
    }
    let text = match &*view.note {
        "" if Line::from(KEYS).width() > usize::from(area.width) => FEW_KEYS,
        "" => KEYS,
        note => note,
    };
    rows(vec![Line::from(text)], foot, buffer);
}

/// Returns its second: nobody reads more.
fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_unix_seconds(at.unix_millis().div_euclid(1000))
}

/// Draws each line in a row, and shows where one is cut.
fn rows(lines: Vec<Line<'_>>, area: Rect, buffer: &mut Buffer) {
    for (line, row) in lines.into_iter().zip(area.rows()) {
        let is_cut = line.width() > usize::from(row.width);
        line.render(row, buffer);
        if is_cut && let Some(cell) = buffer.cell_mut((row.right().saturating_sub(1), row.y)) {
            cell.set_symbol("…");
        }
    }
}

/// Which styles are used; none without colours but bold and reversed.
#[derive(Clone, Copy)]
struct Paint(bool);

impl Paint {
    fn strong(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    fn of(self, colour: Color) -> Style {
        match self.0 {
            true => Style::new().fg(colour),
            false => Style::new(),
        }
    }

    fn state(self, state: State) -> Style {
        self.of(match state {
            State::Valid => Color::Green,
            State::RefreshDue => Color::Yellow,
            State::Expired | State::LoginRequired | State::Unknown => Color::Red,
        })
    }

    fn band(self, band: Band) -> Style {
        match band {
            Band::Fresh => self.of(Color::Green),
            Band::Due => self.of(Color::Yellow),
            Band::Expired => self.of(Color::Red),
            Band::Now => self.strong(),
        }
    }
}

fn list(view: &View, now: Timestamp, paint: Paint, area: Rect, buffer: &mut Buffer) {
    if view.lives.is_empty() {
        let text = match view.is_read {
            true => "no profile is configured; write one with `vendor-auth init`",
            false => "reading the store …",
        };
        let text = Paragraph::new(text).wrap(Wrap { trim: true });
        return text.render(area, buffer);
    }
    let height = usize::from(area.height);
    let lives = || view.lives.iter().enumerate();
    let blocks = lives()
        .flat_map(|(index, life)| block(life, now, index == view.selected, paint, area.width));
    let blocks: Vec<_> = blocks.collect();
    // The last one is empty.
    if blocks.len() <= height.saturating_add(1) {
        return rows(blocks, area, buffer);
    }
    let hidden = view.selected.saturating_add(1).saturating_sub(height);
    let lines = lives().map(|(index, life)| row(life, now, index == view.selected, paint));
    rows(lines.skip(hidden).collect(), area, buffer);
}

/// A token in three to five rows; the last one is empty.
fn block<'a>(
    life: &'a Life,
    now: Timestamp,
    is_selected: bool,
    paint: Paint,
    width: u16,
) -> Vec<Line<'a>> {
    let mut lines = vec![heading(life, is_selected, paint)];
    let cells = bar::cells(life, now, width.saturating_sub(4));
    if !cells.is_empty() {
        let cells = cells.into_iter();
        let cells = cells.map(|band| Span::styled(band.symbol(), paint.band(band)));
        lines.push(Line::from_iter([Span::raw("  ")].into_iter().chain(cells)));
    }
    lines.push(Line::from(format!("  {}", words::next(life, now))));
    let error = words::last_error(life, now);
    lines.extend(error.map(|it| Line::styled(format!("  {it}"), paint.of(Color::Red))));
    lines.push(Line::default());
    lines
}

/// A token in one row.
fn row<'a>(life: &'a Life, now: Timestamp, is_selected: bool, paint: Paint) -> Line<'a> {
    let mut line = heading(life, is_selected, paint);
    line.push_span(format!(", {}", words::next(life, now)));
    line
}

fn heading<'a>(life: &'a Life, is_selected: bool, paint: Paint) -> Line<'a> {
    let mark = if is_selected { "> " } else { "  " };
    Line::from(vec![
        Span::raw(mark),
        Span::styled(life.name.as_str(), paint.strong()),
        Span::raw("  "),
        Span::styled(life.text(), paint.state(life.state)),
    ])
}

fn details(view: &View, now: Timestamp, area: Rect, buffer: &mut Buffer) {
    let Some(life) = view.lives.get(view.selected) else {
        return;
    };
    let mut lines = vec![
        format!("{}: {}", life.name, life.text()),
        format!("vendor       {}", life.vendor),
        format!("key          {}", life.key),
    ];
    let times = [
        ("issued      ", life.issued_at),
        ("refresh due ", life.refresh_at),
        ("expires     ", life.expires_at),
        ("grant ends  ", life.grant_ends_at),
        ("paused until", life.paused_until),
    ];
    for (what, at) in times {
        lines.extend(at.map(|at| format!("{what} {} ({})", second(at), relative(at, now))));
    }
    lines.extend(life.generation.map(|it| format!("generation   {it}")));
    lines.push(format!("next         {}", words::next(life, now)));
    lines.extend(words::last_error(life, now));
    let lines: Vec<_> = lines.into_iter().map(Line::from).collect();
    let text = Paragraph::new(lines).wrap(Wrap { trim: false });
    text.render(area, buffer);
}

#[cfg(test)]
mod svg;
#[cfg(test)]
mod tests;
