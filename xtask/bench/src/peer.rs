//! What is measured of each crate.

use std::future::Future;
use std::hint::black_box;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use http::HeaderValue;
use tokio::runtime::Handle;

use crate::setting::Setting;

pub type Error = Box<dyn std::error::Error + Send + Sync>;
pub type Boxed<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What the tables say of a crate.
#[derive(Debug, Clone, Copy)]
pub struct About {
    /// Its name in the tables, and the package whose version is in the lock file.
    pub name: &'static str,
    /// What its users depend on, by the keys in `Cargo.toml`.
    pub dependencies: &'static [&'static str],
    /// What its users call.
    pub call: &'static str,
    /// What it does about expiry.
    pub expiry: &'static str,
    pub kind: Kind,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Ours,
    /// Ours, for very many accounts: only its calls are comparable with those of one cache.
    OurPool,
    Published,
    /// What people write who use no crate for it.
    ByHand,
    /// A lower limit: it gets no token, or does nothing about expiry.
    Limit,
}

/// A crate, as its users use it.
pub trait Peer: Send + Sync + Sized + 'static {
    /// What the crate hands out.
    type Native<'a>;

    const ABOUT: About;

    fn build(setting: &Setting) -> impl Future<Output = Result<Self, Error>> + Send;

    fn token(&self) -> impl Future<Output = Result<Self::Native<'_>, Error>> + Send;

    /// Puts the value of `Authorization` where the caller wants it, by the shortest way that the
    /// crate has. To return it would be measured too: a caller puts it on a request.
    fn header(
        &self,
        put: impl FnOnce(HeaderValue) + Send,
    ) -> impl Future<Output = Result<(), Error>> + Send;
}

/// Which call is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Call {
    Token,
    Header,
}

/// A crate that was set up.
pub trait Candidate: Send + Sync {
    /// Calls it this often, one call after the other, as a task does.
    fn batch(&self, call: Call, calls: u32);

    fn header(&self) -> Boxed<'_, Result<HeaderValue, Error>>;
}

impl<P: Peer> Candidate for P {
    fn batch(&self, call: Call, calls: u32) {
        match call {
            Call::Token => finish(async {
                for _ in 0..calls {
                    drop(black_box(self.token().await?));
                }
                Ok(())
            }),
            Call::Header => finish(async {
                for _ in 0..calls {
                    Peer::header(self, |value| drop(black_box(value))).await?;
                }
                Ok(())
            }),
        }
    }

    fn header(&self) -> Boxed<'_, Result<HeaderValue, Error>> {
        Box::pin(async {
            let mut header = None;
            Peer::header(self, |value| header = Some(value)).await?;
            header.ok_or_else(|| "no header".into())
        })
    }
}

/// Fresh tokens are there at the first poll, unless another thread holds a lock.
fn finish(future: impl Future<Output = Result<(), Error>>) {
    let mut future = pin!(future);
    let ready = match future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()))
    {
        Poll::Ready(ready) => ready,
        Poll::Pending => Handle::current().block_on(future),
    };
    ready.expect("the server answers");
}

type SetUp = Boxed<'static, Result<Arc<dyn Candidate>, Error>>;

/// A crate that can be set up.
#[derive(Clone, Copy)]
pub struct Entry {
    pub about: About,
    build: fn(Setting) -> SetUp,
}

impl Entry {
    pub fn of<P: Peer>() -> Self {
        Self {
            about: P::ABOUT,
            build: |setting| {
                Box::pin(async move { Ok(Arc::new(P::build(&setting).await?) as Arc<_>) })
            },
        }
    }

    pub async fn build(&self, setting: &Setting) -> Result<Arc<dyn Candidate>, Error> {
        (self.build)(setting.clone()).await
    }
}
