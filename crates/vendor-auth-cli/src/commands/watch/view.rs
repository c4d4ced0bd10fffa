//! What is shown: a function of what was read and of the keys.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::life::Life;

/// What the picture is drawn from.
#[derive(Debug, Default)]
pub(super) struct View {
    pub(super) lives: Vec<Life>,
    /// Whether the store was read yet.
    pub(super) is_read: bool,
    pub(super) selected: usize,
    pub(super) page: Page,
    /// What became of the last refresh.
    pub(super) note: String,
    pub(super) has_colours: bool,
}

/// Which page is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Page {
    #[default]
    List,
    Details,
    Help,
}

/// What a key asks for beyond the view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wish {
    Nothing,
    Quit,
    /// Another token for the selected profile.
    Refresh,
}

impl View {
    /// Takes what was read.
    pub(super) fn update(&mut self, lives: Vec<Life>) {
        self.selected = self.selected.min(lives.len().saturating_sub(1));
        self.lives = lives;
        self.is_read = true;
    }

    pub(super) fn press(&mut self, key: KeyEvent) -> Wish {
        if key.kind == KeyEventKind::Release {
            return Wish::Nothing;
        }
        self.note.clear();
        let is_control = key.modifiers.contains(KeyModifiers::CONTROL);
        match key.code {
            KeyCode::Char('c') if is_control => return Wish::Quit,
            KeyCode::Char('q') => return Wish::Quit,
            KeyCode::Esc if self.page == Page::List => return Wish::Quit,
            KeyCode::Char('r') if !self.lives.is_empty() => return Wish::Refresh,
            KeyCode::Esc => self.page = Page::List,
            KeyCode::Char('?') => self.turn_to(Page::Help),
            KeyCode::Enter => self.turn_to(Page::Details),
            KeyCode::Down | KeyCode::Char('j') => self.select(self.selected.saturating_add(1)),
            KeyCode::Up | KeyCode::Char('k') => self.select(self.selected.saturating_sub(1)),
            _ => {}
        }
        Wish::Nothing
    }

    /// The same key leads back.
    fn turn_to(&mut self, page: Page) {
        self.page = if self.page == page { Page::List } else { page };
    }

    fn select(&mut self, index: usize) {
        self.selected = index.min(self.lives.len().saturating_sub(1));
    }
}
