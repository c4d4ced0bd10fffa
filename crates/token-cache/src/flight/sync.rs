//! The locks of the single flight. Its model-checked tests put the checker's in their place.

pub(crate) use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
