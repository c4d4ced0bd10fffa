//! Tables, as Markdown and as JSON.

use std::fmt::Write as _;

use serde_json::{Map, Value, json};

/// One table.
#[derive(Debug, Clone)]
pub struct Table {
    pub title: &'static str,
    /// How it was measured.
    pub note: String,
    pub columns: Vec<&'static str>,
    pub rows: Vec<Row>,
}

#[derive(Debug, Clone)]
pub struct Row {
    pub label: String,
    pub cells: Vec<Cell>,
}

/// A number with its digits after the point, or a text.
#[derive(Debug, Clone, PartialEq)]
pub enum Cell {
    Number(f64, usize),
    Text(String),
}

impl Cell {
    /// What was not measured.
    pub fn none() -> Self {
        Self::Text("–".to_owned())
    }

    pub fn shown(&self) -> String {
        match self {
            Self::Number(number, digits) => grouped(&format!("{number:.digits$}")),
            Self::Text(text) => text.clone(),
        }
    }

    fn json(&self) -> Value {
        match self {
            Self::Number(number, _) => json!(number),
            Self::Text(text) => json!(text),
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

/// Writes `1234567.8` as `1,234,567.8`.
fn grouped(number: &str) -> String {
    let (whole, fraction) = match number.find('.') {
        Some(point) => number.split_at(point),
        None => (number, ""),
    };
    let mut grouped = String::new();
    for (index, digit) in whole.chars().enumerate() {
        let left = whole.len() - index;
        if index > 0 && left % 3 == 0 && digit.is_ascii_digit() && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + fraction
}

/// Breaks the lines of prose at 100 columns.
pub fn wrapped(text: &str) -> String {
    let (mut wrapped, mut column) = (String::new(), 0);
    for word in text.split_whitespace() {
        let width = word.chars().count();
        if column > 0 && column + 1 + width > 100 {
            wrapped.push('\n');
            column = 0;
        } else if column > 0 {
            wrapped.push(' ');
            column += 1;
        }
        wrapped += word;
        column += width;
    }
    wrapped
}

impl Table {
    pub fn markdown(&self) -> String {
        let mut text = format!("## {}\n\n{}\n\n|", self.title, wrapped(&self.note));
        for column in &self.columns {
            _ = write!(text, " {column} |");
        }
        let bars = self
            .columns
            .iter()
            .skip(1)
            .map(|_| "---:|")
            .collect::<String>();
        _ = write!(text, "\n|---|{bars}\n");
        for row in &self.rows {
            let cells: Vec<_> = row.cells.iter().map(Cell::shown).collect();
            _ = writeln!(text, "| {} | {} |", row.label, cells.join(" | "));
        }
        text
    }

    pub fn json(&self) -> Value {
        let row = |row: &Row| {
            let cells = self.columns.iter().skip(1).zip(&row.cells);
            let cells = cells.map(|(column, cell)| ((*column).to_owned(), cell.json()));
            let mut object: Map<String, Value> = cells.collect();
            object.insert("name".to_owned(), json!(row.label.replace('*', "")));
            Value::Object(object)
        };
        let rows: Vec<_> = self.rows.iter().map(row).collect();
        json!({ "title": self.title, "note": self.note, "rows": rows })
    }

    /// Returns the number in a column of each row that has one there.
    pub fn numbers(&self, column: &str) -> Vec<(&str, f64)> {
        let at = self.columns.iter().skip(1).position(|name| *name == column);
        let number = |row: &Row| match row.cells.get(at?)? {
            Cell::Number(number, _) => Some(*number),
            Cell::Text(_) => None,
        };
        let rows = self.rows.iter();
        rows.filter_map(|row| Some((&*row.label, number(row)?)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cell, Row, Table, grouped, wrapped};

    #[test]
    fn lines_are_broken_before_the_word_that_does_not_fit() {
        let word = "x".repeat(60);
        assert_eq!(
            wrapped(&format!("a {word} b {word}")),
            format!("a {word} b\n{word}")
        );
    }

    #[test]
    fn thousands_are_separated_and_digits_after_the_point_are_not() {
        assert_eq!(grouped("1234567.1234"), "1,234,567.1234");
        assert_eq!(grouped("-123"), "-123");
        assert_eq!(grouped("123"), "123");
    }

    #[test]
    fn a_row_is_a_line_of_the_table_and_an_object_of_the_json() {
        let table = Table {
            title: "Token",
            note: "One thread.".to_owned(),
            columns: vec!["", "ns"],
            rows: vec![Row {
                label: "**ours**".to_owned(),
                cells: vec![Cell::Number(12.34, 1)],
            }],
        };
        assert!(
            table
                .markdown()
                .ends_with("|---|---:|\n| **ours** | 12.3 |\n")
        );
        assert_eq!(table.json()["rows"][0]["name"], "ours");
        assert_eq!(table.json()["rows"][0]["ns"], 12.34);
        assert_eq!(table.numbers("ns"), [("**ours**", 12.34)]);
    }
}
