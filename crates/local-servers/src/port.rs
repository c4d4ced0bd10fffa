//! Free loopback ports.

use std::net::TcpListener;

use crate::error::ServerError;

/// How many ports are tried before a start gives up: another program may take a port between here
/// and the server's own bind.
const PORTS: usize = 5;

/// Returns a port that nobody listens on at this moment.
pub(crate) fn free() -> Result<u16, ServerError> {
    TcpListener::bind(("127.0.0.1", 0))
        .and_then(|listener| listener.local_addr())
        .map(|address| address.port())
        .map_err(|error| ServerError::io("no free loopback port", &error))
}

/// Starts a server on a free port, and tries another port if that one was taken meanwhile.
pub(crate) fn with_free_port<T>(
    mut start: impl FnMut(u16) -> Result<T, ServerError>,
) -> Result<T, ServerError> {
    let mut last = ServerError::new("no port was tried");
    for _ in 0..PORTS {
        match start(free()?) {
            Ok(started) => return Ok(started),
            Err(error) => last = error,
        }
    }
    Err(last)
}
