//! The header that carries a token, for many threads at once.

use std::sync::atomic::{AtomicUsize, Ordering};

use http::HeaderValue;

use super::secret::Secret;

/// More reference counts than this are not worth their memory. A power of two.
const MOST_COUNTS: usize = 16;

/// Returns copies of the header for at least this many threads; none for one thread. There is a
/// power of two of them: to find a thread's own takes no division then.
///
/// A header value is cloned for each API request, and all clones share one reference count. If
/// threads clone at once, that count is what they wait for; so each can have another one. The text
/// exists once.
pub(super) fn copies(access: &Secret, threads: usize) -> Vec<HeaderValue> {
    if threads <= 1 {
        return Vec::new();
    }
    let counts = threads.min(MOST_COUNTS).next_power_of_two();
    let mut copies = Vec::with_capacity(counts);
    copies.extend((0..counts).map_while(|_| access.as_header_of_thread()));
    copies
}

/// Returns the copy for the thread that calls.
#[inline]
pub(super) fn of_this_thread(copies: &[HeaderValue]) -> Option<&HeaderValue> {
    let mask = copies.len().checked_sub(1)?;
    copies.get(THREAD.with(|number| *number) & mask)
}

static THREADS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
}
