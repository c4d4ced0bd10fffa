//! What the client does with real sockets that misbehave.
#![cfg(feature = "rustls")]

mod broken;
mod own_client;
mod proxies;
mod raw;
mod redirects;
mod sent_once;
mod slow;
mod tls;
mod wire;
