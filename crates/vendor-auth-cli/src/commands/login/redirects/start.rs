//! The address that the browser is opened at.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::commands::login::pages::{self, Answer, Page};

/// An address of this program that leads to the authorization server, once.
///
/// The arguments of the browser's process are no secret from other users of the machine. This
/// address is of no use to them, unlike the authorization URL: with its state, somebody could log
/// this person in to an account of theirs.
#[derive(Debug)]
pub(super) struct Start {
    path: String,
    url: String,
    is_opened: AtomicBool,
}

impl Start {
    pub(super) fn new(path: String, url: &str) -> Self {
        Self {
            path,
            url: url.to_owned(),
            is_opened: AtomicBool::new(false),
        }
    }

    pub(super) fn path(&self) -> &str {
        &self.path
    }

    pub(super) fn answer(&self) -> Answer {
        match self.is_opened.swap(true, Ordering::Relaxed) {
            false => pages::see_other(&self.url),
            true => Page::opened_before().answer(),
        }
    }
}
