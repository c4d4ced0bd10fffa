//! Measures this project beside published crates, against one token server on this machine.
//!
//! ```sh
//! cargo xtask bench --quick   # minutes
//! cargo xtask bench           # with instructions, packages and build times
//! cargo xtask bench --flame   # where the time of a pool's refreshes goes; needs perf
//! ```
//!
//! `main.rs` starts the server and then itself once more with the server's address in the
//! environment, where some crates look for it. `bin/memory.rs` has the allocator that counts, so
//! that nothing else pays for it.

pub mod chart;
pub mod flame;
pub mod locked;
pub mod machine;
pub mod peer;
pub mod peers;
pub mod report;
pub mod rows;
pub mod server;
pub mod setting;
