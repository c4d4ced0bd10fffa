//! The header that carries a token, for many threads at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderValue;

use super::secret::Secret;

/// More reference counts than this are not worth their memory.
const MOST_COUNTS: usize = 16;

/// A header value, which is cloned for each API request.
///
/// All clones share one reference count. If threads clone at once, that count is what they wait
/// for; so each can have another one. The text exists once.
#[derive(Clone)]
pub(super) struct TokenHeader {
    value: HeaderValue,
    by_thread: Option<Arc<[HeaderValue]>>,
}

impl TokenHeader {
    /// Returns `None` if the text contains a control character.
    pub(super) fn of(access: &Secret) -> Option<Self> {
        let value = access.as_header()?;
        Some(Self {
            value,
            by_thread: None,
        })
    }

    /// Returns the value for the thread that calls.
    pub(super) fn value(&self) -> &HeaderValue {
        let Some(values) = &self.by_thread else {
            return &self.value;
        };
        let number = THREAD.with(|number| *number);
        values.get(number % values.len()).unwrap_or(&self.value)
    }

    /// Returns the same with a reference count for each of this many threads.
    pub(super) fn for_threads(self, threads: usize, access: &Secret) -> Self {
        let counts = threads.min(MOST_COUNTS);
        let values = (counts > 1).then(|| {
            (0..counts)
                .map_while(|_| access.as_header_of_thread())
                .collect()
        });
        Self {
            by_thread: values,
            ..self
        }
    }
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}
