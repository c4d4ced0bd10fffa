//! A buffer as SVG, for the documents.

use std::fmt::Write as _;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// The width and the height of a cell.
const WIDTH: u16 = 9;
const HEIGHT: u16 = 19;

/// Returns the picture as SVG, with a title for those who do not see it.
pub(super) fn svg(buffer: &Buffer, title: &str) -> String {
    let (width, height) = (
        (buffer.area.width + 2) * WIDTH,
        (buffer.area.height + 1) * HEIGHT,
    );
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" font-family=\"monospace\" font-size=\"15\" \
         fill=\"#e4e8ed\">\n<title>{}</title>\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"#1f2933\"/>\n",
        escaped(title)
    );
    for y in 0..buffer.area.height {
        let cells: Vec<&Cell> = (0..buffer.area.width).map(|x| &buffer[(x, y)]).collect();
        let mut x = 0;
        for run in cells.chunk_by(|a, b| is_alike(a, b)) {
            let length = u16::try_from(run.len()).unwrap_or(u16::MAX);
            draw(run, x + 1, y, length, &mut text);
            x += length;
        }
    }
    text.push_str("</svg>\n");
    text
}

/// Bars are drawn as rectangles, since each font has its own blocks.
fn is_alike(a: &Cell, b: &Cell) -> bool {
    a.style() == b.style() && thickness(a) == thickness(b)
}

/// Returns how thick the part of a bar is, in tenths of a row.
fn thickness(cell: &Cell) -> Option<u16> {
    match cell.symbol() {
        "█" | "┃" => Some(8),
        "▒" => Some(5),
        "·" => Some(1),
        _ => None,
    }
}

fn draw(run: &[&Cell], x: u16, y: u16, length: u16, to: &mut String) {
    let Some(first) = run.first() else {
        return;
    };
    let symbols: String = run.iter().map(|cell| cell.symbol()).collect();
    let trimmed = symbols.trim_end();
    if trimmed.is_empty() {
        return;
    }
    let (left, top) = (x * WIDTH, y * HEIGHT + HEIGHT / 2);
    let fill = colour(first.fg).map_or(String::new(), |it| format!(" fill=\"{it}\""));
    let drawn = match thickness(first) {
        Some(tenths) => {
            let height = HEIGHT * tenths / 10;
            let (y, width) = (top + (HEIGHT - height) / 2, length * WIDTH);
            writeln!(
                to,
                "<rect x=\"{left}\" y=\"{y}\" width=\"{width}\" height=\"{height}\"{fill}/>"
            )
        }
        None => {
            let is_bold = first.modifier.contains(Modifier::BOLD);
            let weight = if is_bold { " font-weight=\"bold\"" } else { "" };
            let width = trimmed.chars().count() * usize::from(WIDTH);
            writeln!(
                to,
                "<text x=\"{left}\" y=\"{}\" textLength=\"{width}\"{fill}{weight} \
                 xml:space=\"preserve\">{}</text>",
                top + 14,
                escaped(trimmed)
            )
        }
    };
    drawn.unwrap_or_default(); // a String takes all
}

fn colour(colour: Color) -> Option<&'static str> {
    match colour {
        Color::Green => Some("#3fbf9f"),
        Color::Yellow => Some("#e9b44c"),
        Color::Red => Some("#f28482"),
        _ => None,
    }
}

fn escaped(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    text.replace('>', "&gt;")
}
