//! The strings of a document, one after another in one text: a single allocation, wiped at once.

use zeroize::Zeroizing;

use crate::token::secret::Secret;

/// Collects the strings of a document.
pub(super) struct Texts(Zeroizing<Vec<u8>>);

/// Where a string is among the [`Texts`].
#[derive(Clone, Copy)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Texts {
    /// Creates a collection with room for this many bytes.
    pub(super) fn with_capacity(bytes: usize) -> Self {
        Self(Zeroizing::new(Vec::with_capacity(bytes)))
    }

    /// Adds a string; `None` if there is no room for it.
    pub(super) fn push(&mut self, text: &str) -> Option<Span> {
        let (start, end) = (self.0.len(), self.0.len() + text.len());
        // To grow would leave a copy behind that is not wiped.
        if end > self.0.capacity() {
            return None;
        }
        self.0.extend_from_slice(text.as_bytes());
        Some(Span {
            start: start.try_into().ok()?,
            end: end.try_into().ok()?,
        })
    }

    /// Returns whether two strings are the same.
    pub(super) fn are_same(&self, one: Span, other: Span) -> bool {
        let bytes = |span: Span| self.0.get(span.range());
        one.len() == other.len() && bytes(one) == bytes(other)
    }

    /// Returns all of them as one text.
    pub(super) fn into_secret(mut self) -> Secret {
        // A text without spare room is not copied.
        let room = self.0.capacity();
        self.0.resize(room, b' ');
        let bytes = std::mem::take(&mut *self.0);
        Secret::from(String::from_utf8(bytes).unwrap_or_default())
    }
}

impl Span {
    /// Returns the length of the string in bytes.
    pub(super) fn len(self) -> usize {
        self.range().len()
    }

    /// Returns the string.
    pub(super) fn of(self, texts: &str) -> &str {
        texts.get(self.range()).unwrap_or_default()
    }

    fn range(self) -> std::ops::Range<usize> {
        let bound = |bound: u32| usize::try_from(bound).unwrap_or(usize::MAX);
        bound(self.start)..bound(self.end)
    }
}
