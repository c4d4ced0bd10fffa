//! Many exchanges at once go on step by step: one exchange runs through more code than the caches of
//! a processor hold, and what many do one after the other stays there.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::task::yield_now;

/// To give way is not worth its time among so few.
const A_FEW: usize = 8;

/// How many there are in this process, which has the caches of the processor.
static COUNT: AtomicUsize = AtomicUsize::new(0);

/// An exchange that is under way, until it is dropped.
pub(super) struct UnderWay(&'static AtomicUsize);

impl UnderWay {
    pub(super) fn begin() -> Self {
        Self::counted_by(&COUNT)
    }

    fn counted_by(count: &'static AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }

    /// Lets the others come as far as this one is, if there are many.
    pub(super) async fn give_way_if(&self, allowed: bool) {
        if allowed && self.0.load(Ordering::Relaxed) > A_FEW {
            yield_now().await;
        }
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn gives_way(under_way: &UnderWay, allowed: bool) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        pin!(under_way.give_way_if(allowed))
            .poll(&mut context)
            .is_pending()
    }

    #[tokio::test]
    async fn an_exchange_gives_way_among_many_if_its_token_cannot_be_lost() {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let one = UnderWay::counted_by(&COUNT);
        assert!(!gives_way(&one, true));
        let others = [(); A_FEW].map(|()| UnderWay::counted_by(&COUNT));
        assert!(gives_way(&one, true));
        assert!(!gives_way(&one, false));
        drop(others);
        assert!(!gives_way(&one, true));
    }
}
