//! What must hold: compares the vendor's journal, the store, and what the processes reported.
//!
//! * A grant is lost when the vendor refuses its refresh token. That must be explained
//!   (`endings.rs`): the last token that it issued reached nothing durable, because its answer was
//!   not delivered, or because the process that had it was killed before a store acknowledged it. A
//!   token that was complete on disk counts as durable. A vendor that keeps refresh tokens loses no
//!   grant.
//! * Otherwise every exchange is a generation: as many as the vendor issued are in the store.
//! * A refresh token whose outcome is unknown rests before it is sent again (`rests.rs`), and no
//!   intent outlives its outcome.
//! * Every token handed out was issued by the vendor, and was valid at the instant at which it was
//!   judged, whatever the clocks said. Only the time from its issue to its commit is excused, since
//!   no process can know it (`lifetimes.rs`).
//! * A process that learned the vendor's clock signs by it, whatever its own clock says
//!   (`learned.rs`).
//! * A logout is final, a failed redemption changes nothing, and the grant of a successful one wins
//!   (`endings.rs`).

mod answer;
mod endings;
mod grant;
mod judge;
mod lifetimes;
mod rests;

pub(super) use self::answer::Answer;
pub(super) use self::endings::{Deaths, LogOut};
pub(super) use self::judge::{Begun, Oracle};
pub(super) use self::rests::Clocks;

#[cfg(test)]
mod tests;
