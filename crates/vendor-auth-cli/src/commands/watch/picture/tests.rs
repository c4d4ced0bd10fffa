//! Pictures, as text.

use std::fs;
use std::path::Path;

use crossterm::event::{KeyCode, KeyEvent};
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::*;
use crate::commands::watch::view::Wish;
use crate::life::LastError;

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_seconds(1_700_000_000 + seconds)
}

fn life(name: &str, state: State) -> Life {
    Life {
        name: name.to_owned(),
        vendor: "OAuth 2.0",
        key: format!("oauth2/id.example/{name}"),
        state,
        logged_out: false,
        generation: Some(3),
        issued_at: Some(at(0)),
        refresh_at: Some(at(2400)),
        expires_at: Some(at(3600)),
        grant_ends_at: None,
        paused_until: None,
        last_error: None,
    }
}

fn view() -> View {
    let mut due = life("due", State::RefreshDue);
    due.issued_at = Some(at(-2400));
    due.refresh_at = Some(at(0));
    due.expires_at = Some(at(1200));
    due.last_error = Some(LastError {
        at: Some(at(540)),
        message: "the vendor is not available; retry later".to_owned(),
        exit_code: 75,
    });
    let mut gone = life("gone", State::LoginRequired);
    gone.expires_at = Some(at(300));
    gone.refresh_at = Some(at(200));
    let mut view = View::default();
    view.update(vec![life("fresh", State::Valid), due, gone]);
    view
}

fn text(buffer: &Buffer) -> String {
    let row = |y| {
        let cells = (0..buffer.area.width).map(|x| buffer[(x, y)].symbol());
        format!("{}\n", cells.collect::<String>().trim_end())
    };
    (0..buffer.area.height).map(row).collect()
}

#[track_caller]
fn assert_picture(name: &str, view: &View, width: u16, height: u16) {
    let drawn = text(&buffer(view, at(600), width, height));
    assert_file(&format!("tests/data/watch/{name}.txt"), &drawn);
}

/// `BLESS=1` writes the expected file, whose path begins at the crate's folder.
#[track_caller]
fn assert_file(path: &str, expected: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, expected).unwrap();
    }
    let found = fs::read_to_string(&path).unwrap();
    assert_eq!(found, expected, "{}", path.display());
}

#[test]
fn each_size_has_its_picture() {
    let mut view = view();
    assert_picture("list-80x24", &view, 80, 24);
    assert_picture("narrow-40x16", &view, 40, 16);
    view.selected = 2;
    assert_picture("few-rows-80x4", &view, 80, 4);
    assert_picture("few-rows-40x4", &view, 40, 4);
    assert_picture("no-room-20x2", &view, 20, 2);
}

#[test]
fn keys_select_and_turn_pages() {
    let mut view = view();
    let mut press = |code| {
        let wish = view.press(KeyEvent::from(code));
        (wish, view.selected, view.page)
    };
    assert_eq!(press(KeyCode::Down), (Wish::Nothing, 1, Page::List));
    assert_eq!(press(KeyCode::Char('j')), (Wish::Nothing, 2, Page::List));
    assert_eq!(press(KeyCode::Down), (Wish::Nothing, 2, Page::List));
    assert_eq!(press(KeyCode::Char('k')), (Wish::Nothing, 1, Page::List));
    assert_eq!(press(KeyCode::Enter), (Wish::Nothing, 1, Page::Details));
    assert_eq!(press(KeyCode::Char('?')), (Wish::Nothing, 1, Page::Help));
    assert_eq!(press(KeyCode::Esc), (Wish::Nothing, 1, Page::List));
    assert_eq!(press(KeyCode::Char('r')), (Wish::Refresh, 1, Page::List));
    assert_eq!(press(KeyCode::Esc), (Wish::Quit, 1, Page::List));
}

#[test]
fn details_and_help_have_their_pictures() {
    let mut view = view();
    view.selected = 1;
    view.page = Page::Details;
    assert_picture("details-60x16", &view, 60, 16);
    view.page = Page::Help;
    assert_picture("help-60x12", &view, 60, 12);
    let mut empty = View::default();
    assert_picture("not-read-40x6", &empty, 40, 6);
    empty.update(Vec::new());
    assert_picture("empty-40x6", &empty, 40, 6);
}

/// The picture in the documents.
#[test]
fn the_documents_have_this_picture() {
    let mut view = view();
    view.has_colours = true;
    let drawn = buffer(&view, at(600), 80, 16);
    let title = "vendor-auth watch: a valid token, one that is due, and a grant that ended";
    assert_file("../../docs/watch.svg", &svg::svg(&drawn, title));
}

#[test]
fn colours_are_used_only_if_they_are_wanted() {
    let mut view = view();
    let colours = |view: &View| {
        let drawn = buffer(view, at(600), 80, 16);
        let cells = drawn.content().iter();
        cells.filter(|cell| cell.fg != Color::Reset).count()
    };
    assert_eq!(colours(&view), 0);
    view.has_colours = true;
    assert!(colours(&view) > 100);
}

#[test]
fn no_size_panics() {
    let view = view();
    for width in 0..50 {
        for height in 0..20 {
            buffer(&view, at(600), width, height);
        }
    }
}
