//! Two secrets in one text: one allocation for both.

use super::{END_OF_TEXT, Secret};

impl Secret {
    /// Returns the access token, with this prefix before it in the text of its header, and the
    /// refresh token. They share one text.
    pub(crate) fn joined(
        prefix: &str,
        access: &Secret,
        refresh: Option<&Secret>,
    ) -> (Self, Option<Self>) {
        let after = refresh.map_or("", Secret::expose);
        let text = [prefix, access.expose(), after].concat();
        let Some((start, end)) = bounds(prefix.len(), text.len() - after.len(), text.len()) else {
            return (access.with_prefix(prefix), refresh.cloned());
        };
        let whole = Self::whole(text);
        let refresh = refresh.map(|_| whole.part(end, END_OF_TEXT));
        (whole.part(start, end), refresh)
    }

    /// Returns the secret with this prefix before it in the text of its header.
    fn with_prefix(&self, prefix: &str) -> Self {
        Self::after(prefix, [prefix, self.expose()].concat())
    }

    /// Returns the secret in a text that begins with this prefix, which only its header shows.
    pub(crate) fn after(prefix: &str, text: String) -> Self {
        let start = u32::try_from(prefix.len()).unwrap_or(END_OF_TEXT);
        Self::whole(text).part(start, END_OF_TEXT)
    }

    /// Returns a part of the whole text, which it keeps: see [`alone`](Self::alone).
    pub(crate) fn part(&self, start: u32, end: u32) -> Self {
        let text = self.text.clone();
        Self { text, start, end }
    }

    /// Returns the secret in a text that has nothing else.
    pub(crate) fn alone(self) -> Self {
        match self.expose().len() == self.text.len() {
            true => self,
            false => Self::from(self.expose()),
        }
    }
}

/// Returns where a secret is in a text, unless the text is too long for that.
fn bounds(start: usize, end: usize, len: usize) -> Option<(u32, u32)> {
    let is_short = u32::try_from(len).is_ok_and(|len| len < END_OF_TEXT);
    let bounds = (u32::try_from(start).ok()?, u32::try_from(end).ok()?);
    is_short.then_some(bounds)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn two_secrets_share_a_text_and_the_header_ends_with_the_first() {
        let (access, refresh) = (Secret::from("A1"), Secret::from("R1"));
        let (access, refresh) = Secret::joined("Bearer ", &access, Some(&refresh));
        let refresh = refresh.unwrap();
        assert!(Arc::ptr_eq(&access.text, &refresh.text));
        assert_eq!((access.expose(), refresh.expose()), ("A1", "R1"));
        assert_eq!(access.as_header().unwrap(), "Bearer A1");
        assert_eq!(access.as_header_of_thread().unwrap(), "Bearer A1");
        let again = Secret::joined("", &access, Some(&refresh)).0;
        assert_eq!(again.as_header().unwrap(), "A1");
    }

    #[test]
    fn a_text_that_is_too_long_for_its_bounds_is_not_shared() {
        let most = usize::try_from(u32::MAX).unwrap();
        assert_eq!(bounds(7, 9, 11), Some((7, 9)));
        assert_eq!(bounds(7, most - 2, most), None);
        let long = Secret::from("A1").with_prefix("Bearer ");
        assert_eq!((long.expose(), long.end), ("A1", END_OF_TEXT));
        assert_eq!(long.as_header().unwrap(), "Bearer A1");
    }

    #[test]
    fn a_string_with_spare_room_is_the_same_secret() {
        let mut text = String::with_capacity(64);
        text.push_str("A1");
        assert_eq!(Secret::from(text).expose(), "A1");
    }
}
